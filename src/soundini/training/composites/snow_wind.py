"""Snow and wind: flakes near and far, white haze, and snow on whatever it can lie on."""

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

_FLAKES = ((0.035, 0.4, 0.8), (0.014, 0.7, 1.0), (0.0035, 1.3, 1.0))
"""Far, middle and near flakes: how many a square unit, radius in units, brightness."""

_COLD = np.array([0.94, 0.98, 1.04], np.float32)


def snow_wind(scene: Scene) -> np.ndarray:
    """The scene in falling snow: some flakes at a small amount, a blizzard over white ground at 1."""
    amount = scene.amount
    cold = lerp(scene.picture, grey(scene.picture), amount * scene.between(0.5, 0.9)) * _COLD
    cold = cold * lerp(1, scene.between(0.6, 0.85), amount)
    cold = lerp(cold, _lying(cold, scene), amount * scene.between(0.75, 1))
    haze = scene.between(0.05, 0.3) * amount * np.clip(0.45 + 0.55 * scene.rise, 0, 1)
    drifts = 0.7 + 0.6 * fractal(scene.size, (10 * scene.unit, 30 * scene.unit), scene.rng)
    cold = lerp(cold, scene.between(0.7, 0.9) * _COLD, (haze * drifts)[..., None])
    snowing = screen(np.clip(cold, 0, 1), _flakes(scene)[..., None])
    return lerp(scene.picture, snowing, scene.cover)


def _lying(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """Snow where the scene faces up: below edges that are brighter above than below, and on the ground."""
    light = blur(picture @ np.array([0.299, 0.587, 0.114], np.float32), 0.7 * scene.unit)
    ledges = np.zeros_like(light)
    ledges[:-1] = light[:-1] - light[1:]
    ledges = blur(smoothstep(ledges * scene.unit, 0.02, 0.12), 0.6 * scene.unit)
    ground = smoothstep(1 - np.clip(scene.rise, 0, 1), scene.between(0.2, 0.5), 0.85)
    patches = smoothstep(fractal(scene.size, 14 * scene.unit, scene.rng), 0.25, 0.6)
    share = np.clip(ledges + ground * (0.6 + 0.4 * patches), 0, 1)
    white = scene.between(0.82, 0.97) * _COLD
    texture = 0.75 + 0.25 * np.clip(light / max(float(light.mean()), 0.15), 0.4, 1.3)
    if scene.chance(0.35) and scene.photographs.has("snow"):
        photograph = scene.photographs.crop("snow", scene.box_size, scene.rng)
        white = lerp(white, scene.placed(photograph), scene.between(0.3, 0.7))
    return lerp(picture, np.clip(white * texture[..., None], 0, 1), (0.95 * share)[..., None])


def _flakes(scene: Scene) -> np.ndarray:
    """Flakes of all depths, drawn out a little by the wind: ``[S, S]``."""
    slant = scene.rng.normal(0, 1.2)
    total = np.zeros(scene.size, np.float32)
    for density, radius, bright in _FLAKES:
        count = density * 64 * 64 * scene.between(0.4, 1.6) * lerp(0.2, 1, scene.amount)
        layer = dots(
            scene.size, int(count), radius * scene.unit * scene.between(0.8, 1.2), scene.rng
        )
        length = round(scene.between(1, 3.5) * radius * scene.unit)
        if length > 1:
            layer = streaks(layer, length, slant)
        total = np.maximum(total, bright * layer)
    return np.clip(total, 0, 1) * scene.between(0.85, 1)
