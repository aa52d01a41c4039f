"""The log of a job in JSON lines, and the losses of every step in a CSV file."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from soundini.events import StepDone
from soundini.media.output import open_to_append, write_durably, write_error

LOG, LOSSES = "log.jsonl", "losses.csv"
_STEP = re.compile("[0-9]{1,9}")
_COLUMNS = ["step", "window", "term", "value"]


class Journal:
    """Appends to the log and to the losses of a job; use it as a context manager.

    Steps that a resumed job does again replace their rows.

    Args:
        folder: the job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / LOG
        self._losses = folder / LOSSES
        self._window: int | None = None
        self._rows: TextIO | None = None
        self._told = {int(row[1]) for row in self._stored()}

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._rows is not None:
            self._rows.close()

    def tell(self, event: str, **facts: object) -> None:
        """Add a line to the log.

        Raises:
            MediaError: the disk is full, or cannot be written to.
        """
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
        try:
            with open_to_append(self._log) as file:
                file.write(json.dumps(line | facts) + "\n")
        except OSError as error:
            raise write_error(self._log, error) from None

    def add(self, event: StepDone) -> None:
        """Add a row for each loss of a step.

        Raises:
            MediaError: the disk is full, or cannot be written to.
        """
        if self._rows is None or (self._window != event.window and event.window in self._told):
            self._drop(event)
        self._window = event.window
        try:
            if self._rows is None:
                self._rows = open_to_append(self._losses)
            writer = csv.writer(self._rows)
            for term, value in event.losses.items():
                writer.writerow([event.step, event.window, term, f"{value:.6g}"])
            self._rows.flush()
        except OSError as error:
            raise write_error(self._losses, error) from None

    def _drop(self, event: StepDone) -> None:
        """Remove the rows of steps that are done again, and a truncated last row."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None
        rows = [
            row for row in self._stored() if int(row[1]) != event.window or int(row[0]) < event.step
        ]
        text = io.StringIO(newline="")
        csv.writer(text).writerows([_COLUMNS, *rows])
        write_durably(self._losses, text.getvalue().encode())

    def _stored(self) -> list[list[str]]:
        """The complete rows of the file, without its header."""
        try:
            rows = list(csv.reader(io.StringIO(_text(self._losses), newline="")))
        except csv.Error:
            return []
        whole = (row for row in rows if len(row) == len(_COLUMNS))
        return [row for row in whole if _STEP.fullmatch(row[0]) and _STEP.fullmatch(row[1])]


def last_step(folder: Path) -> int:
    """The last step in a job's CSV file; 0 if there is none."""
    lines = _text(folder / LOSSES).splitlines()
    numbers = [line.partition(",")[0] for line in lines[-1:]]
    return int(numbers[0]) if numbers and _STEP.fullmatch(numbers[0]) else 0


def _text(path: Path) -> str:
    """The text of a plain file; empty if it is missing, a link or a pipe."""
    try:
        return path.read_text(errors="replace") if stat.S_ISREG(path.lstat().st_mode) else ""
    except OSError:
        return ""
