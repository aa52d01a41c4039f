"""Explosion: a ball of fire that bursts out of billowing smoke, throws sparks and lights the scene."""

from __future__ import annotations

import numpy as np

from soundini.training.composites.canvas import (
    blur,
    dots,
    fractal,
    heat_colour,
    lerp,
    screen,
    smoothstep,
)
from soundini.training.composites.fire import FLAMES, keyed_flames
from soundini.training.composites.scene import Scene

_LIGHT = np.array([1.0, 0.6, 0.24], np.float32)


def explosion(scene: Scene) -> np.ndarray:
    """The scene with an explosion in the region: a small burst at a small amount, one that fills it at 1."""
    rows, columns = scene.box
    height, width = scene.box_size
    radius = min(height, width) * float(lerp(0.18, scene.between(0.45, 0.75), scene.amount))
    y0 = rows.start + height * scene.between(0.4, 0.75)
    x0 = columns.start + width * scene.between(0.35, 0.65)
    y, x = np.mgrid[: scene.size[0], : scene.size[1]].astype(np.float32)
    billows = _billows(scene, radius)
    far = np.sqrt(((x - x0) / scene.between(0.85, 1.3)) ** 2 + (y - y0) ** 2) / radius
    far = far - scene.between(0.4, 0.9) * (billows - 0.5)
    matte, amount = scene.matte, scene.amount
    light = np.clip(np.exp(-far.clip(0) * 0.9), 0, 1) * matte
    dark = scene.picture * (1 - amount * scene.between(0.15, 0.5) * scene.cover)
    dark = np.clip(dark * (1 + scene.between(0.5, 1.8) * amount * light[..., None] * _LIGHT), 0, 1)
    smoke = smoothstep(scene.between(1.3, 1.9) - far, 0, 0.5) * smoothstep(billows, 0.15, 0.5)
    shade = scene.between(0.05, 0.35) * (0.4 + 1.3 * _billows(scene, 0.5 * radius))[..., None]
    shade = np.clip(shade * (1 + 2.5 * light[..., None] ** 2 * _LIGHT), 0, 1)
    burst = lerp(dark, shade, (0.95 * smoke * matte)[..., None])
    ball, core = _ball(scene, far, radius)
    burst = lerp(burst, ball, (core * matte)[..., None])
    flash = light[..., None] ** 2 * _LIGHT * scene.between(0.05, 0.4) * amount
    return screen(screen(burst, flash), _sparks(scene, x0, y0, radius)[..., None] * _LIGHT)


def _ball(scene: Scene, far: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Fire within the billows, hottest in their middle and in folds: colours ``[S, S, 3]`` and cover ``[S, S]``."""
    folds = _billows(scene, 0.45 * radius)
    heat = np.clip(1.1 - far, 0, 1) ** 0.8 * (0.15 + 1.1 * smoothstep(folds, 0.2, 0.75))
    ball = heat_colour(np.clip(heat * scene.between(0.8, 1.1), 0, 1))
    core = smoothstep(heat, scene.between(0.05, 0.2), scene.between(0.4, 0.6))
    if scene.chance(0.5) and scene.photographs.has(*FLAMES):
        flames, key = keyed_flames(scene)
        share = scene.placed(key) * scene.between(0.4, 0.9)
        ball = lerp(ball, scene.placed(flames), share[..., None])
    return ball, core


def _billows(scene: Scene, radius: float) -> np.ndarray:
    """Cauliflower-like noise: folded, so that it has round tops and sharp creases; ``[S, S]``."""
    folded = 1 - np.abs(2 * fractal(scene.size, max(3, 0.8 * radius), scene.rng) - 1)
    return 0.6 * folded + 0.4 * fractal(scene.size, max(3, 0.4 * radius), scene.rng)


def _sparks(scene: Scene, x0: float, y0: float, radius: float) -> np.ndarray:
    """Bright bits on their way out, drawn as short lines from the centre: ``[S, S]``."""
    field = dots(scene.size, int(scene.between(0, 30) * scene.amount), 0.35 * scene.unit, scene.rng)
    y, x = np.mgrid[: scene.size[0], : scene.size[1]].astype(np.float32)
    near = np.exp(-(((x - x0) ** 2 + (y - y0) ** 2) / (2 * (1.2 * radius) ** 2)))
    return np.clip(field + blur(field, 0.6 * scene.unit), 0, 1) * near * scene.matte
