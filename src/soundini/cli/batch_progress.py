"""How far a batch is: on a terminal, one bar for all rows and one for each running row; elsewhere, a line now and then."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column

from soundini.batch.check import RowChecked
from soundini.batch.run import RowBegun, RowEnded, RowEvent, RowLost, RowStep
from soundini.events import FitStepDone, StepDone

_SECONDS_BETWEEN_LINES = 5.0


class BatchProgress:
    """Shows the events of a batch; use it as a context manager.

    Args:
        console: where to show them.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = -_SECONDS_BETWEEN_LINES
        self._counts = {"done": 0, "skipped": 0, "failed": 0}
        self._checked = 0
        rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[about]}", table_column=rest, markup=False),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        self._all = self._bar.add_task("checking", total=None, about="")
        self._rows: dict[int, TaskID] = {}

    def __enter__(self) -> BatchProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show_check(self, check: RowChecked) -> None:
        """Show that a row was checked."""
        self._checked += 1
        self._bar.update(
            self._all, completed=self._checked, total=check.total, about=check.row.name
        )

    def begin(self, total: int) -> None:
        """Switch from checking rows to editing them."""
        self._bar.reset(self._all, total=total, description="rows", about="")

    def show(self, event: RowEvent) -> None:
        """Show an event."""
        row = f"row {event.number}/{event.total}"
        if isinstance(event, RowBegun):
            bar = self._bar.add_task(f"row {event.number}", total=None, about=event.row.name)
            self._rows[event.number] = bar
            self._say(f"{row}  begun    {event.row.name}")
        elif isinstance(event, RowLost):
            self._bar.remove_task(self._rows.pop(event.number))
            self._say(f"{row}  lost     {event.row.name}; it goes on elsewhere ({event.why})")
        elif isinstance(event, RowEnded):
            self._end(event)
        elif isinstance(event, RowStep) and isinstance(event.event, FitStepDone | StepDone):
            self._step(row, self._rows[event.number], event.event)

    def _step(self, row: str, bar: TaskID, step: FitStepDone | StepDone) -> None:
        kind = "step" if isinstance(step, StepDone) else "fit"
        self._bar.update(bar, completed=step.step, total=step.total)
        now = time.perf_counter()
        if not self._console.is_terminal and now - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = now
            self._say(f"{row}  {kind} {step.step}/{step.total}")

    def _end(self, event: RowEnded) -> None:
        outcome = event.outcome
        self._counts[outcome.state] += 1
        counts = ", ".join(f"{count} {state}" for state, count in self._counts.items() if count)
        self._bar.update(self._all, completed=sum(self._counts.values()), about=counts)
        if event.number in self._rows:
            self._bar.remove_task(self._rows.pop(event.number))
        parts = [f"row {event.number}/{event.total}  {outcome.state:<7}  {event.row.name}"]
        if outcome.state == "done":
            assert outcome.seconds is not None
            parts.append(f"{outcome.seconds:.0f} s")
            if outcome.warp_ratio is not None:
                parts.append(f"warp error ratio {outcome.warp_ratio:.2f}")
        self._say(", ".join([*parts, *([outcome.error] if outcome.error else [])]))
        for warning in outcome.warnings:
            self._say(f"row {event.number}/{event.total}  warning  {warning}")

    def _say(self, words: str) -> None:
        self._console.print(words, highlight=False, markup=False)
