"""How an effect fades towards the rim of its region."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.effects.canvas import smoothstep
from soundini.effects.draws import Draws, lattice, read_lattice

_CELLS = 6
"""Lengths of the rim, in each side of the picture, that are rough by themselves."""


def matte_of(region: np.ndarray, seed: int) -> np.ndarray:
    """How much of the effect shows: 1 deep inside the region, falling to 0 at its rim, on the inner side.

    The rim is uneven, as flames and clouds end. The picture's own border is no rim.

    Args:
        region: in [0, 1].
        seed: names the random choices.

    Shape:
        ``[H, W]`` -> ``[H, W]``.
    """
    draws, size = Draws(seed, "matte"), max(region.shape)
    reach, spread = draws.between(0.03, 0.18) * size, draws.between(0, 0.9)
    hard = (region > 0.5).astype(np.uint8)
    if hard.all():
        return np.ones_like(region)
    inside = distance_inside(hard)
    places = np.mgrid[: region.shape[0], : region.shape[1]] * (_CELLS / size)
    rough = (read_lattice(lattice(seed, f"rim{k}", 0), *(k * places)) - 0.5 for k in (1, 2))
    uneven = 1 + spread * sum(share * part for share, part in zip((0.7, 0.3), rough, strict=True))
    return np.minimum(smoothstep(inside * uneven, 0, reach), np.clip(1.5 * region, 0, 1))


def distance_inside(region: np.ndarray) -> np.ndarray:
    """Distance of each pixel of a region to its rim, in pixels; the picture's own border is no rim.

    Args:
        region: 1 inside, 0 outside, ``uint8``; not 1 everywhere.

    Shape:
        ``[H, W]`` -> ``[H, W]``.
    """
    padded = np.pad(region, 1, mode="edge")
    return cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
