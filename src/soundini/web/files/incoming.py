"""An upload: it arrives block by block, is checked, and is kept whole, with a record beside it, or not at all."""

from __future__ import annotations

import hashlib
import math
import secrets
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from soundini.errors import ConfigError
from soundini.media.output import write_durably, write_error
from soundini.settings_files import read_json
from soundini.web.files.inspecting import inspect
from soundini.web.limits import MIB, Limits
from soundini.web.refusals import TooLargeError
from soundini.web.views import FileKind, StoredFile, VideoFacts

ABOUT = "about.json"
CONTENTS: dict[FileKind, str] = {
    "video": "video.upload",
    "sound": "sound.upload",
    "mask": "mask.upload.png",  # masks are known by their suffix
    "recipe": "recipe.upload",
}


class About(BaseModel):
    """The record that lies beside an uploaded file.

    Args:
        kind: of the upload, such as ``video``.
        label: the visitor's name for it.
        sha256: of its bytes.
        facts: of a video.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FileKind
    label: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    facts: VideoFacts | None = None


def read_about(folder: Path) -> About:
    """The record of an upload.

    Raises:
        ConfigError: it is damaged.
    """
    try:
        return About.model_validate(read_json(folder / ABOUT))
    except (OSError, ValueError):
        raise ConfigError("this file is damaged here; upload it again") from None


def last_used(path: Path) -> float:
    """When something was last used, in seconds since 1970; infinity where it is gone.

    Args:
        path: the folder of an upload, or a film.
    """
    about = path / ABOUT
    try:
        return (about if about.exists() else path).stat().st_mtime
    except OSError:
        return math.inf


class Incoming:
    """An upload, used as a context manager; unless :meth:`finish` was called, nothing of it stays.

    Args:
        place: folder of files that are not whole yet.
        folder: where the owner's files are kept.
        kind: what it is uploaded as.
        label: name to show.
        limits: how large it may be.
        room: bytes that are free.
    """

    def __init__(
        self, place: Path, folder: Path, kind: FileKind, label: str, limits: Limits, room: int
    ) -> None:
        self._limits = limits
        self._folder = folder
        self._kind: FileKind = kind
        self._label = label
        self._room = room
        self._most = limits.upload_bytes(kind)
        self._size = 0
        self._hash = hashlib.sha256()
        self._id = secrets.token_hex(16)
        self._place = place / self._id
        try:
            self._place.mkdir()
            self._path = self._place / CONTENTS[kind]
            self._file = self._path.open("xb")
        except OSError as error:
            raise write_error(self._place, error) from None

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        shutil.rmtree(self._place, ignore_errors=True)

    def write(self, block: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLargeError: there are too many now, or the disk is full.
        """
        self.expect(self._size + len(block))
        self._size += len(block)
        self._hash.update(block)
        try:
            self._file.write(block)
        except OSError as error:
            raise write_error(Path(self._label), error) from None

    def expect(self, size: int) -> None:
        """Refuse a file of that many bytes if it is too large.

        Raises:
            TooLargeError: it is.
        """
        if size > self._most:
            raise TooLargeError(
                "{file}: is larger than {amount:g} MiB, the most that a {kind} may be here; make it "
                "smaller, or cut it shorter",
                file=self._label,
                amount=self._most / MIB,
                kind=self._kind,
            )
        if size > self._room:
            raise TooLargeError(
                "{file}: there is no room for it here; delete files or jobs", file=self._label
            )

    def finish(self) -> StoredFile:
        """Check the file, and keep it.

        Raises:
            MediaError: it is of another kind, damaged, too long, or too large in pixels.
        """
        self._file.close()
        facts = inspect(self._kind, self._path, self._label, self._limits)
        about = About(
            kind=self._kind, label=self._label, sha256=self._hash.hexdigest(), facts=facts
        )
        write_durably(self._place / ABOUT, about.model_dump_json().encode())
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = self._folder / self._id
        self._place.rename(kept)
        return StoredFile(self._id, self._kind, self._label, kept / self._path.name)
