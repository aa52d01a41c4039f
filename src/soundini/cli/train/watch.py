"""Showing and logging what a training run yields."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def watch(events: Iterable[object], folder: Path, what: str, *, quiet: bool = False) -> None:
    """Run a training to its end, with a progress bar, a log and pictures of what it draws.

    Args:
        events: the run.
        folder: where log and pictures go.
        what: is trained, as the progress bar says it.
        quiet: show and log nothing; for all processes of a run but its first.
    """
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from soundini.cli.picture import strip, write_png
    from soundini.events import HeldOutMeasured, PicturesSeen, SamplesReady, TrainStep
    from soundini.training.log import TrainLog, log_held_out

    if quiet:
        for _ in events:
            pass
        return
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    log: TrainLog | None = None
    with Progress(*columns) as progress:
        task = progress.add_task(f"training the {what}", total=None)
        for event in events:
            if isinstance(event, TrainStep):
                log = log or TrainLog(folder, event.step - 1)
                log.add(event)
                progress.update(
                    task,
                    completed=event.step,
                    total=event.total,
                    description=f"training the {what}, loss {event.loss:.4f}",
                )
            elif isinstance(event, PicturesSeen):
                progress.update(
                    task,
                    completed=event.done,
                    total=event.total,
                    description="looking at pictures",
                )
            elif isinstance(event, HeldOutMeasured):
                log_held_out(folder, event)
            elif isinstance(event, SamplesReady):
                path = folder / f"samples-{event.step:06d}.png"
                write_png(path, strip([list(event.pictures.values())]))
    if log is not None:
        log.close()
