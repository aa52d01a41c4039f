"""Showing and logging what a training run yields."""

from collections.abc import Iterable
from pathlib import Path


def watch(events: Iterable[object], folder: Path, what: str, *, quiet: bool = False) -> None:
    """Run a training to its end, with a progress bar, a log and pictures of what it draws.

    Args:
        events: the run.
        folder: where log and pictures go, until a stage of the run names another.
        what: is trained, as the progress bar says it.
        quiet: show and log nothing; for all processes of a run but its first.
    """
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from soundini.cli.picture import strip, write_png
    from soundini.events import PicturesSeen
    from soundini.training import events as training
    from soundini.training.events import TrainLog, log_held_out

    if quiet:
        for _ in events:
            pass
        return
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    log: TrainLog | None = None
    with Progress(*columns) as progress:
        task = progress.add_task(f"training the {what}", total=None)
        for event in events:
            match event:
                case training.StageBegun():
                    if log is not None:
                        log.close()
                    log, folder, what = None, event.folder, event.what
                    progress.reset(task, description=f"training the {what}")
                case training.TrainStep():
                    log = log or TrainLog(folder, event.step - 1)
                    log.add(event)
                    told = f"training the {what}, loss {event.loss:.4f}"
                    progress.update(task, completed=event.step, total=event.total, description=told)
                case PicturesSeen():
                    progress.update(
                        task,
                        completed=event.done,
                        total=event.total,
                        description="looking at pictures",
                    )
                case training.HeldOutMeasured():
                    log_held_out(folder, event)
                case training.SamplesReady():
                    path = folder / f"samples-{event.step:06d}.png"
                    write_png(path, strip([list(event.pictures.values())]))
                case training.HeadFitted():
                    progress.print(f"sound head: temperature {event.temperature:.2f}")
                case training.TowerAttacked():
                    progress.print(
                        f"round {event.round}: {event.fooled:.0%} of guided pictures fool the tower; "
                        f"tower and judge agree by {event.agreement:.2f}"
                    )
    if log is not None:
        log.close()
