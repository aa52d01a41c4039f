"""Ctrl-C between two steps, never in the middle of one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Remembers whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.made = False

    def check(self) -> None:
        """Stop here if it was pressed.

        Raises:
            KeyboardInterrupt: it was pressed.
        """
        if self.made:
            raise KeyboardInterrupt


@contextmanager
def stop_on_interrupt() -> Iterator[StopRequest]:
    """Let the first Ctrl-C ask for a stop, and the second stop at once."""
    request = StopRequest()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if request.made:
            raise KeyboardInterrupt
        request.made = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
