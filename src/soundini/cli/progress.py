"""How far an edit is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from soundini.cli.picture import check_picture, write_png
from soundini.events import EditEvent, MasksReady, StepDone

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_PREVIEWS = 0.5


def _fixed(width: int) -> Column:
    return Column(min_width=width, no_wrap=True)


def _rest() -> Column:
    """Make a column that is cut short before any other is."""
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
        self._task = self._bar.add_task("editing", total=None, losses="")

    def __enter__(self) -> EditProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, event: EditEvent) -> None:
        """Take note of an event."""
        if isinstance(event, MasksReady):
            self._began = time.perf_counter()
            height, width = event.size
            what = f"{event.frames} frames in {event.windows} windows of {width}x{height}"
            self._console.print(f"{what}, {event.steps} steps", highlight=False)
        elif isinstance(event, StepDone):
            losses = format_losses(event.losses)
            self._bar.update(self._task, completed=event.step, total=event.total, losses=losses)
            if not self._console.is_terminal:
                self._tell(event, losses)

    def _tell(self, event: StepDone, losses: str) -> None:
        now = time.perf_counter() - self._began
        if event.step < event.total and now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        left = now / event.step * (event.total - event.step)
        parts = [f"step {event.step}/{event.total}", f"{now:.0f} s", f"about {left:.0f} s left"]
        print(", ".join([*parts, losses] if losses else parts), flush=True)


class PreviewFile:
    """A PNG that shows the window as it forms.

    Args:
        path: where to write it, or None for nowhere.

    Raises:
        MediaError: it cannot be written there.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = check_picture(path) if path is not None else None
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
