"""What a method tells while it fits something to a window, before the window is edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class FitStep:
    """One step of a fit is done.

    Args:
        index: number of this step, from 0.
        total: number of steps in all.
        losses: the terms, before their lambda.
    """

    index: int
    total: int
    losses: Mapping[str, Tensor]
