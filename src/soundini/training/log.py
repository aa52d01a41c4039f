"""Logs of a training run: a CSV file, and TensorBoard if it is installed."""

import csv
from pathlib import Path

from soundini.training.events import HeldOutMeasured, TrainStep


class TrainLog:
    """Appends a row a step to ``log.csv`` in the run's folder, and the same to TensorBoard.

    Rows of steps that a resumed run repeats are dropped when the log is opened.

    Args:
        folder: the run's folder.
        done: steps that the run has done already.
    """

    def __init__(self, folder: Path, done: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "log.csv"
        kept = []
        if path.exists():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= done]
        self._file = path.open("w", newline="")
        self._writer: csv.DictWriter[str] | None = None
        self._board = _tensorboard(folder)
        for row in kept:
            self._row(row)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()

    def add(self, event: TrainStep) -> None:
        """Log one step."""
        figures = {"loss": event.loss, **event.figures}
        self._row({"step": str(event.step), **{k: f"{v:.6g}" for k, v in figures.items()}})
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, event.step)

    def _row(self, row: dict[str, str]) -> None:
        if self._writer is None:
            self._writer = csv.DictWriter(self._file, list(row))
            self._writer.writeheader()
        self._writer.writerow(row)
        self._file.flush()


def log_held_out(folder: Path, event: HeldOutMeasured) -> None:
    """Append losses on held-out material to ``held_out.csv`` in the run's folder: step, class, timestep, loss."""
    path = folder / "held_out.csv"
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["step", "class", "t", "loss"])
        for kind, losses in event.losses.items():
            writer.writerows([event.step, kind, t, f"{v:.6g}"] for t, v in losses.items())


def _tensorboard(folder: Path):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
