"""What training reports while it runs, and its logs: CSV files, and TensorBoard if it is installed."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class StageBegun:
    """A part of a training begins: what follows is about it.

    Args:
        what: is trained, such as ``"image tower"``.
        folder: of its checkpoint and log.
    """

    what: str
    folder: Path


@dataclass(frozen=True)
class HeadFitted:
    """The sound head is fitted to the network below it.

    Args:
        temperature: that its logits are divided by.
    """

    temperature: float


@dataclass(frozen=True)
class TowerAttacked:
    """Guidance has attacked the image tower.

    Args:
        round: number of the round, from 0.
        fooled: share of guided pictures that the tower takes for what was asked and the judge does not.
        agreement: correlation of tower and judge over the pictures.
    """

    round: int
    fooled: float
    agreement: float


@dataclass(frozen=True)
class TrainStep:
    """One optimiser step is done.

    Args:
        step: steps done so far.
        total: steps in all.
        loss: training loss of this step.
        figures: anything else worth logging, by name.
    """

    step: int
    total: int
    loss: float
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class HeldOutMeasured:
    """The loss on held-out material is measured.

    Args:
        step: steps done so far.
        losses: by class and timestep.
    """

    step: int
    losses: Mapping[str, Mapping[int, float]]


@dataclass(frozen=True)
class CheckpointSaved:
    """A training checkpoint lies on disk, whole.

    Args:
        step: steps it holds.
        path: where it lies.
    """

    step: int
    path: Path


@dataclass(frozen=True)
class SamplesReady:
    """Pictures that a network in training makes.

    Args:
        step: optimiser steps it has done.
        pictures: by class or label, ``uint8 [S, S, 3]``.
    """

    step: int
    pictures: Mapping[str, np.ndarray]


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
