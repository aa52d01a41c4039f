"""What training reports while it runs."""

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
