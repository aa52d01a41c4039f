"""Rain: streaks near and far in wet grey light, splashes and a mirror on the ground."""

from __future__ import annotations

import numpy as np

from soundini.effects.canvas import blur, grey, lerp, screen, smoothstep
from soundini.effects.particles import dots, scattered, streaks
from soundini.effects.scene import Scene

_DEPTHS = (
    ("far", (4, 8), 0.24, 0.34, 0.28, 0.85),
    ("middle", (8, 14), 0.06, 0.35, 0.24, 1.0),
    ("near", (14, 28), 0.004, 0.55, 0.34, 1.2),
)
"""Rain by depth: name, length of a streak in units, drops a square unit, brightness, width in units, speed."""

_SPLASHES_A_SECOND = 12


def rain(scene: Scene) -> np.ndarray:
    """The scene in the rain: a drizzle at a small amount, a downpour at 1."""
    amount, draws = scene.amount, scene.draws("rain")
    wet = lerp(scene.picture, grey(scene.picture), amount * draws.between(0.45, 0.9))
    wet = wet * lerp(1, draws.between(0.48, 0.66), amount)
    wet = wet * draws.tint((0.93, 0.97, 1.0), (1.0, 1.02, 1.08))
    wet = _hazy(_mirrored(wet, scene), scene)
    wet = lerp(scene.picture, np.clip(wet, 0, 1), scene.veil)
    falling = np.clip(_falling(scene) * draws.between(0.7, 1), 0, 1)[..., None]
    fallen = lerp(wet, draws.between(0.72, 0.98), falling * scene.cover)
    splashes = _splashes(scene)[..., None] * draws.between(0.4, 0.8)
    return screen(fallen, splashes * scene.cover)


def _falling(scene: Scene) -> np.ndarray:
    """Streaks of all depths, by one wind, denser and emptier here and there: ``[H, W]``."""
    draws, unit = scene.draws("falling"), scene.unit
    slant = scene.moment.slant(float(np.tan(np.radians(draws.normal(12)))))
    gusts = 0.55 + 0.9 * scene.noise("gusts", 24 * unit, speed=0.3)
    area = scene.size[0] * scene.size[1] / unit**2
    total = np.zeros(scene.size, np.float32)
    for name, lengths, density, bright, width, speed in _DEPTHS:
        length = draws.between(*lengths) * unit
        share = float(lerp(0.1, 1, scene.amount))
        count = area * density * draws.between(0.5, 1.5) * share
        places, strengths = scattered(scene, name, count, speed=speed, margin=length)
        total += bright * streaks(scene, places, strengths, length, width * unit, slant)
    return np.clip(total * gusts, 0, 1) * lerp(0.55, 1, scene.amount)


def _splashes(scene: Scene) -> np.ndarray:
    """Drops that burst on the ground, others at every moment: ``[H, W]``."""
    draws = scene.draws("splashes")
    count = round(draws.between(10, 70) * scene.amount)
    now = scene.draws("splash", int(scene.moment.time * _SPLASHES_A_SECOND)).rng.random((count, 3))
    rows, columns = scene.box
    height, width = scene.box_size
    y = rows.stop - 1 - 0.5 * height * (1 - np.sqrt(now[:, 0]))
    places = np.stack([y, columns.start + width * now[:, 1]], 1)
    return dots(scene, places, 0.5 + 0.5 * now[:, 2], 0.45 * scene.unit)


def _hazy(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """Mist that takes the contrast of what is far, which is taken to be up."""
    draws = scene.draws("haze")
    mist = draws.between(0.45, 0.75) * np.array([0.97, 1.0, 1.04], np.float32)
    thick = draws.between(0.3, 0.5) * scene.amount * np.clip(0.5 + 0.5 * scene.rise, 0, 1)
    return lerp(picture, mist, thick[..., None])


def _mirrored(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """A wet ground mirrors what is above it, blurred and dim."""
    draws, unit = scene.draws("mirror"), scene.unit
    line = int(scene.size[0] * draws.between(0.55, 0.85))
    below = scene.size[0] - line
    above = picture[max(0, line - below) : line][::-1]
    if len(above) < below or not draws.chance(0.8):
        return picture
    mirror = picture.copy()
    mirror[line:] = blur(np.ascontiguousarray(above), 1.2 * unit) * 0.9
    patches = smoothstep(scene.noise("puddles", (4 * unit, 14 * unit)), 0.35, 0.65)
    depth = smoothstep(np.arange(scene.size[0], dtype=np.float32), line, line + 6 * unit)
    share = patches * depth[:, None] * scene.amount * draws.between(0.4, 0.8)
    return lerp(picture, mirror, share[..., None])
