"""The progress of an edit and of its preparation: a bar or a spinner on a terminal, elsewhere a line now and then; and Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.status import Status
from rich.table import Column

from soundini.cli.picture import check_picture, write_png
from soundini.events import EditEvent, FitStepDone, MaskMade, MasksReady, StepDone

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_PREVIEWS = 0.5
_READING = "reading the video, the masks, the sound and the models"


def _fixed(width: int) -> Column:
    return Column(min_width=width, no_wrap=True)


def _rest() -> Column:
    """Make a column that is shortened before any other."""
    return Column(ratio=1, no_wrap=True, overflow="ellipsis")


class EditProgress:
    """Shows the events of an edit; use it as a context manager.

    Args:
        console: where to show them.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.perf_counter()
        self._told = -_SECONDS_BETWEEN_LINES
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(table_column=_fixed(9)),
            TimeElapsedColumn(table_column=_fixed(7)),
            TextColumn("left"),
            TimeRemainingColumn(table_column=_fixed(7)),
            TextColumn("{task.fields[losses]}", table_column=_rest()),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        self._fit = self._bar.add_task("fitting", total=None, losses="", visible=False)
        self._task = self._bar.add_task("editing", total=None, losses="")
        self._windows = 1
        self._fitted = 0.0
        self._seen = self._began

    def __enter__(self) -> EditProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, event: EditEvent) -> None:
        """Show an event."""
        if isinstance(event, MasksReady):
            self._began = time.perf_counter()
            self._windows = event.windows
            height, width = event.size
            what = f"{event.frames} frames in {event.windows} windows of {width}x{height}"
            self._console.print(f"{what}, {event.steps} steps", highlight=False)
        elif isinstance(event, FitStepDone | StepDone):
            fits, losses = isinstance(event, FitStepDone), format_losses(event.losses)
            now = time.perf_counter()
            if fits:
                self._fitted += now - self._seen
                self._bar.update(self._fit, visible=event.step < event.total)
            task = self._fit if fits else self._task
            self._bar.update(task, completed=event.step, total=event.total, losses=losses)
            if not self._console.is_terminal:
                self._tell(event, losses)
        self._seen = time.perf_counter()

    def _tell(self, event: FitStepDone | StepDone, losses: str) -> None:
        now = time.perf_counter() - self._began
        if event.step < event.total and now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        if isinstance(event, FitStepDone):
            print(
                f"fit {event.step}/{event.total} of window {event.window + 1}, {now:.0f} s, {losses}"
            )
            return
        left = (now - self._fitted) / event.step * (event.total - event.step)
        fits_left = self._windows - event.window - 1
        left += self._fitted / (event.window + 1) * fits_left
        parts = [f"step {event.step}/{event.total}", f"{now:.0f} s", f"about {left:.0f} s left"]
        print(", ".join([*parts, losses] if losses else parts), flush=True)


class PreviewFile:
    """A PNG that shows the window as it forms.

    Args:
        path: where to write it, or None for nowhere.
        inputs: files that must not be overwritten.

    Raises:
        MediaError: it cannot be written there.
    """

    def __init__(self, path: Path | None, inputs: Iterable[Path] = ()) -> None:
        self._path = check_picture(path, inputs) if path is not None else None
        self._written = -_SECONDS_BETWEEN_PREVIEWS

    def show(self, event: EditEvent) -> None:
        """Write the event's picture, at most twice a second, and the last in any case."""
        if self._path is None or not isinstance(event, StepDone):
            return
        now = time.perf_counter()
        if event.step == event.total or now - self._written >= _SECONDS_BETWEEN_PREVIEWS:
            self._written = now
            write_png(self._path, event.preview)


def format_losses(losses: Mapping[str, float]) -> str:
    """Losses on one line."""
    return ", ".join(f"{name} {value:.3g}" for name, value in losses.items())


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
