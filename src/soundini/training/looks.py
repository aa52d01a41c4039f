"""Looks that the photographs of a label have too seldom, and how crops are given them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from soundini.training.weather import greyed, lightning_over, other_water, rain_over


@dataclass(frozen=True)
class Look:
    """Something made of photographs, so that a label's crops are not all alike.

    Args:
        share: of the label's crops.
        over: labels whose photographs it is made of.
        paint: makes it: ``[3, S, S]`` in [-1, 1] to the same.
    """

    share: float
    over: tuple[str, ...]
    paint: Callable[[Tensor, np.random.Generator], Tensor]


def _less_violet(picture: Tensor, generator: np.random.Generator) -> Tensor:
    return greyed(picture, generator.uniform(0.2, 1))


LOOKS: dict[str, tuple[Look, ...]] = {
    "rain": (Look(0.6, ("generic", "forest", "rain"), rain_over),),
    "storm": (
        Look(0.45, ("clouds", "storm", "forest", "generic"), lightning_over),
        Look(0.3, ("storm",), _less_violet),
    ),
    "underwater": (Look(0.5, ("underwater",), other_water),),
}
"""Photographs of rain show wet streets and seldom drops, those of storms a violet sky without a bolt, and those taken under
water are mostly green."""


def choose_look(label: str, generator: np.random.Generator) -> Look | None:
    """The look that a crop of ``label`` is given; None for none."""
    chance = generator.random()
    for look in LOOKS.get(label, ()):
        if chance < look.share:
            return look
        chance -= look.share
    return None
