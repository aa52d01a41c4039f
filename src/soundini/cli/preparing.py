"""The progress of preparing an edit: a line with a spinner on a terminal; elsewhere, a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from soundini.events import MaskMade

_READING = "reading the video, the masks, the sound and the models"
_SECONDS_BETWEEN_LINES = 5.0


class MaskProgress:
    """Shows how many masks are made.

    Args:
        console: where to show it.
        status: the line with the spinner.
    """

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status
        self._told = time.monotonic()

    def show(self, event: MaskMade) -> None:
        """Count a mask."""
        words = f"mask {event.frames}" + (f"/{event.total}" if event.total is not None else "")
        self._status.update(f"{_READING}: {words}")
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = now
            print(words, flush=True)


@contextmanager
def shown_preparation(console: Console) -> Iterator[MaskProgress]:
    """Show progress while inputs are read and models loaded."""
    with console.status(_READING) as status:
        yield MaskProgress(console, status)
