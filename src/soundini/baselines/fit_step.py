"""The event of a method that fits something to a window before editing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class FitStep:
    """A step of a fit is done.

    Args:
        index: number of this step, from 0.
        total: number of steps in all.
        losses: the terms, before their lambda.
    """

    index: int
    total: int
    losses: Mapping[str, Tensor]
