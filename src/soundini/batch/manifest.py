"""The manifest: how every row ended, in JSON lines."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from soundini.batch.place import Place, refuse_links
from soundini.editing.request import SELF, EditRequest
from soundini.media.output import sync_folder, write_error


@dataclass(frozen=True)
class Outcome:
    """How a row ended.

    Args:
        state: ``skipped`` was done before.
        recipe: record of the output, or None where it failed.
        seconds: wall time of the edit, resumed or not, as its record has it.
        warp_ratio: warp error of the edited region over that of the source.
        error: why it failed, in one line.
        warnings: what differs from what was asked, one line each.
    """

    state: Literal["done", "skipped", "failed"]
    recipe: Path | None = None
    seconds: float | None = None
    warp_ratio: float | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


class Manifest:
    """Appends a line for every row as it ends, and forces it to disk. Lines of earlier runs stay above.

    Args:
        path: the file; made where it is not there. A last line that was cut off as it was written is taken out.
        place: where it may be written; no part of the path below its root may be a link.

    Raises:
        ConfigError: it is reached by a link.
        MediaError: it cannot be written.
    """

    def __init__(self, path: Path, place: Place) -> None:
        self._path = path
        self._place = place
        refuse_links(path, place.root)
        place.bring(path, missing_ok=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab+") as file:
                _cut(file)
                os.fsync(file.fileno())
            sync_folder(path.parent)
        except OSError as error:
            raise write_error(path, error) from None

    def add(self, number: int, request: EditRequest, outcome: Outcome) -> None:
        """Write how a row ended.

        Raises:
            MediaError: the disk is full, or cannot be written to.
        """
        line = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "row": number,
            "state": outcome.state,
            "video": self._seen(request.video),
            "sound": SELF if request.sound == SELF else self._seen(request.sound),
            "output": self._seen(request.output),
            "recipe": None if outcome.recipe is None else self._seen(outcome.recipe),
            "seconds": None if outcome.seconds is None else round(outcome.seconds, 2),
            "warp_ratio": None if outcome.warp_ratio is None else round(outcome.warp_ratio, 4),
            "error": outcome.error or None,
        }
        try:
            self._append(line)
        except OSError as error:
            raise write_error(self._path, error) from None
        self._place.publish(self._path)

    def _append(self, line: dict[str, Any]) -> None:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self._path, flags), "ab") as file:
            file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())

    def _seen(self, path: str | Path) -> str:
        """Name a file relative to the manifest, so that the folder can be moved as a whole."""
        return os.path.relpath(path, self._path.parent)


def _cut(file: BinaryIO) -> None:
    """Remove what follows the last complete line."""
    whole = 0
    file.seek(0)
    for line in file:
        whole += len(line) if line.endswith(b"\n") else 0
    file.truncate(whole)
