"""Rain: streaks near and far in wet grey light, splashes and a mirror on the ground."""

from __future__ import annotations

import numpy as np

from soundini.training.composites.canvas import (
    blur,
    dots,
    fractal,
    grey,
    lerp,
    screen,
    smoothstep,
    streaks,
)
from soundini.training.composites.scene import Scene

_DEPTHS = (
    ((3, 6), 0.032, 0.38, 0.3),
    ((6, 12), 0.014, 0.7, 0.35),
    ((10, 24), 0.005, 1.0, 0.45),
)
"""Far, middle and near rain: length of a streak in units, drops a square unit, brightness, blur in units."""


def rain(scene: Scene) -> np.ndarray:
    """The scene in the rain: a drizzle at a small amount, a downpour at 1."""
    amount = scene.amount
    wet = lerp(scene.picture, grey(scene.picture), amount * scene.between(0.45, 0.9))
    wet = wet * lerp(1, scene.between(0.42, 0.66), amount)
    wet = wet * scene.tint((0.93, 0.97, 1.0), (1.0, 1.02, 1.08))
    wet = _hazy(_mirrored(wet, scene), scene)
    light = _falling(scene)
    colour = scene.between(0.72, 0.98)
    cover = (light * scene.between(0.7, 1))[..., None]
    fallen = lerp(wet, colour, np.clip(cover, 0, 1))
    splashes = dots(
        scene.size,
        int(scene.between(10, 70) * amount),
        0.45 * scene.unit,
        scene.rng,
        rows=np.clip(1 - 2 * scene.rise[:, 0], 0, 1),
    )
    fallen = screen(np.clip(fallen, 0, 1), (splashes * scene.between(0.2, 0.6))[..., None])
    return lerp(scene.picture, fallen, scene.cover)


def _falling(scene: Scene) -> np.ndarray:
    """Streaks of all depths, by one wind, denser and emptier here and there: ``[S, S]``."""
    slant = float(np.tan(np.radians(scene.rng.normal(0, 12))))
    gusts = 0.55 + 0.9 * fractal(scene.size, 24 * scene.unit, scene.rng)
    total = np.zeros(scene.size, np.float32)
    for lengths, density, bright, soft in _DEPTHS:
        share = density * scene.between(0.4, 1.5) * lerp(0.25, 1, scene.amount) / scene.unit
        drops = (scene.rng.random(scene.size) < share) * scene.rng.uniform(0.4, 1, scene.size)
        length = max(2, round(scene.between(*lengths) * scene.unit))
        layer = streaks(drops.astype(np.float32), length, slant + scene.rng.normal(0, 0.02))
        total += bright * blur(layer, soft * max(0.0, scene.unit - 0.6))
    return np.clip(total * gusts, 0, 1) * lerp(0.55, 1, scene.amount)


def _hazy(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """Mist that takes the contrast of what is far, which is taken to be up."""
    mist = scene.between(0.45, 0.75) * np.array([0.97, 1.0, 1.04], np.float32)
    thick = scene.between(0.05, 0.4) * scene.amount * np.clip(0.3 + 0.7 * scene.rise, 0, 1)
    return lerp(picture, mist, thick[..., None])


def _mirrored(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """A wet ground mirrors what is above it, blurred and dim."""
    if not scene.chance(0.55):
        return picture
    line = int(scene.size[0] * scene.between(0.55, 0.85))
    below = scene.size[0] - line
    above = picture[max(0, line - below) : line][::-1]
    if len(above) < below:
        return picture
    mirror = picture.copy()
    mirror[line:] = blur(np.ascontiguousarray(above), 1.2 * scene.unit) * 0.9
    patches = smoothstep(
        fractal(scene.size, (4 * scene.unit, 14 * scene.unit), scene.rng), 0.35, 0.65
    )
    depth = smoothstep(np.arange(scene.size[0], dtype=np.float32), line, line + 6 * scene.unit)
    share = patches * depth[:, None] * scene.amount * scene.between(0.2, 0.6)
    return lerp(picture, mirror, share[..., None])
