"""Sea and river: water that takes the region, in the scene's light, with foam where it meets what it does not cover."""

from __future__ import annotations

import numpy as np

from soundini.training.composites.canvas import blur, fractal, lerp, smoothstep
from soundini.training.composites.scene import Scene

SEA, RIVER = "sea", "waterfall"
"""Labels of the photographs that the water comes from."""


def sea(scene: Scene) -> np.ndarray:
    """The region under the sea's surface: a wet film at a small amount, waves at 1."""
    return _flooded(scene, SEA)


def river(scene: Scene) -> np.ndarray:
    """The region under running water: a wet film at a small amount, rapids at 1."""
    return _flooded(scene, RIVER)


def _flooded(scene: Scene, label: str) -> np.ndarray:
    picture, amount = scene.picture, scene.amount
    smallest = 0.5 if scene.chance(0.6) else 0.3
    water = scene.photographs.crop(label, scene.box_size, scene.rng, smallest)
    water = scene.placed(_in_the_light_of(water, picture[scene.box], scene.between(0, 0.5)))
    level = lerp(0.3, 1.6, amount) + 0.25 * (fractal(scene.size, 16 * scene.unit, scene.rng) - 0.5)
    covered = (1 - smoothstep(scene.rise - level, -0.25, 0.05)) * scene.matte
    covered = covered * lerp(0.45, 1, min(1.0, 1.4 * amount))
    wet = picture * (1 - 0.35 * scene.cover * amount)
    flooded = lerp(wet, water, covered[..., None])
    return np.clip(lerp(flooded, scene.between(0.75, 0.97), _foam(covered, scene)[..., None]), 0, 1)


def _in_the_light_of(water: np.ndarray, picture: np.ndarray, share: float) -> np.ndarray:
    """Water with the mean colour moved towards the picture's by a share."""
    wanted, own = picture.mean((0, 1)), water.mean((0, 1))
    return np.clip(water * lerp(1, np.clip(wanted / (own + 0.05), 0.4, 1.8), share), 0, 1)


def _foam(covered: np.ndarray, scene: Scene) -> np.ndarray:
    """A broken white line where the water ends inside the picture: ``[S, S]``."""
    soft = blur(covered, 0.8 * scene.unit)
    rim = 4 * soft * (1 - soft)
    broken = smoothstep(fractal(scene.size, 4 * scene.unit, scene.rng), 0.4, 0.65)
    return rim * broken * scene.matte * scene.between(0, 0.8) * scene.amount
