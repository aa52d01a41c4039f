"""How an effect fades towards the rim of its region."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.effects.canvas import fractal, smoothstep
from soundini.effects.draws import Draws


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
    padded = np.pad(hard, 1, mode="edge")
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    uneven = 1 + spread * (fractal(region.shape, size / 6, draws.rng) - 0.5)
    return np.minimum(smoothstep(inside * uneven, 0, reach), np.clip(1.5 * region, 0, 1))
