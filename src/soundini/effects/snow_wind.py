"""Snow and wind: flakes near and far, white haze, and snow on whatever it can lie on."""

from __future__ import annotations

import numpy as np

from soundini.effects.canvas import blur, grey, lerp, screen, smoothstep
from soundini.effects.particles import scattered, streaks
from soundini.effects.scene import Scene

_FLAKES = (
    ("far", 0.045, 0.32, 0.9, 0.8),
    ("middle", 0.014, 0.5, 1.0, 1.0),
    ("near", 0.003, 0.8, 1.0, 1.25),
)
"""Flakes by depth: name, how many a square unit, radius in units, brightness, speed."""

_COLD = np.array([0.94, 0.98, 1.04], np.float32)


def snow_wind(scene: Scene) -> np.ndarray:
    """The scene in falling snow: some flakes at a small amount, a blizzard over white ground at 1."""
    amount, unit, draws = scene.amount, scene.unit, scene.draws("snow")
    cold = lerp(scene.picture, grey(scene.picture), amount * draws.between(0.5, 0.9)) * _COLD
    cold = cold * lerp(1, draws.between(0.85, 1.03), amount)
    cold = lerp(cold, _lying(cold, scene), amount * draws.between(0.75, 1))
    haze = draws.between(0.05, 0.3) * amount * np.clip(0.45 + 0.55 * scene.rise, 0, 1)
    drifts = 0.6 + 0.8 * scene.noise("drifts", (10 * unit, 30 * unit), speed=0.5)
    cold = lerp(cold, draws.between(0.7, 0.9) * _COLD, (haze * drifts)[..., None])
    snowing = screen(np.clip(cold, 0, 1), _falling(scene)[..., None])
    return lerp(scene.picture, snowing, scene.cover)


def _lying(picture: np.ndarray, scene: Scene) -> np.ndarray:
    """Snow where the scene faces up: below edges that are brighter above than below, and on the ground."""
    draws, unit = scene.draws("lying"), scene.unit
    light = blur(picture @ np.array([0.299, 0.587, 0.114], np.float32), 0.7 * unit)
    ledges = np.zeros_like(light)
    ledges[:-1] = light[:-1] - light[1:]
    ledges = blur(smoothstep(ledges * unit, 0.01, 0.08), 0.6 * unit)
    ground = smoothstep(1 - np.clip(scene.rise, 0, 1), draws.between(0.1, 0.45), 0.8)
    patches = smoothstep(scene.noise("patches", 14 * unit), 0.25, 0.6)
    share = np.clip(0.25 * patches + ledges + ground * (0.6 + 0.4 * patches), 0, 1)
    white = draws.between(0.88, 1.0) * _COLD
    texture = 0.75 + 0.25 * np.clip(light / max(float(light.mean()), 0.15), 0.4, 1.3)
    photographs = scene.photographs
    if photographs is not None and draws.chance(0.35) and photographs.has("snow"):
        photograph = photographs.crop("snow", scene.box_size, draws.rng)
        white = lerp(white, scene.placed(photograph), draws.between(0.3, 0.7))
    return lerp(picture, np.clip(white * texture[..., None], 0, 1), (0.95 * share)[..., None])


def _falling(scene: Scene) -> np.ndarray:
    """Flakes of all depths, drawn out a little by the wind: ``[H, W]``."""
    draws, unit = scene.draws("flakes"), scene.unit
    slant = scene.moment.slant(draws.normal(1.2))
    area = scene.size[0] * scene.size[1] / unit**2
    total = np.zeros(scene.size, np.float32)
    for name, density, radius, bright, speed in _FLAKES:
        share = float(lerp(0.2, 1, scene.amount))
        count = area * density * draws.between(0.5, 1.6) * share
        size = radius * unit * draws.between(0.8, 1.2)
        places, strengths = scattered(
            scene, name, count, speed=speed, margin=4 * size, sway=1.5 * unit
        )
        length = size * (1.6 + draws.between(0, 2))
        layer = streaks(scene, places, strengths, length, 1.3 * size, slant)
        total = np.maximum(total, bright * np.clip(1.6 * blur(layer, 0.4 * size), 0, 1))
    return np.clip(total, 0, 1) * draws.between(0.85, 1)
