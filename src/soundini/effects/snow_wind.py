"""Snow and wind: flakes near and far, white haze, and snow on whatever it can lie on."""

from __future__ import annotations

import numpy as np

from soundini.effects.canvas import blur, grey, lerp, screen, smoothstep
from soundini.effects.particles import scattered, streaks
from soundini.effects.scene import Scene

_FLAKES = (
    ("far", 0.28, 0.17, 0.8, 0.8),
    ("middle", 0.035, 0.29, 0.95, 1.0),
    ("near", 0.005, 0.62, 0.75, 1.25),
)
"""Flakes by depth: name, how many a square unit, radius in units, brightness, speed."""

_COLD = np.array([0.94, 0.98, 1.04], np.float32)


def snow_wind(scene: Scene) -> np.ndarray:
    """The scene in falling snow: some flakes at a small amount, a blizzard over white ground at 1."""
    amount, draws = scene.amount, scene.draws("snow")
    light = blur(grey(scene.picture)[..., 0], 0.5 * scene.unit)
    weight = scene.matte / max(float(scene.matte.sum()), 1e-3)
    dim = min(1.0, draws.between(0.48, 0.6) / max(float((light * weight).sum()), 0.05))
    cold = lerp(scene.picture, grey(scene.picture), draws.between(0.85, 1.0)) * _COLD * dim
    cold = _lying(cold, light * dim, scene)
    haze = draws.between(0.25, 0.45) * np.clip(0.3 + 0.7 * scene.rise, 0, 1)
    haze = haze * (0.7 + 0.6 * scene.noise("drifts", (10 * scene.unit, 30 * scene.unit), speed=0.5))
    cold = lerp(cold, draws.between(0.75, 0.85) * _COLD, haze[..., None])
    snowing = lerp(scene.picture, np.clip(cold, 0, 1), amount * scene.veil)
    return screen(snowing, _falling(scene)[..., None] * scene.cover)


def _lying(picture: np.ndarray, light: np.ndarray, scene: Scene) -> np.ndarray:
    """Snow on the ground and on what is light; what is dark, as trunks and shadows are, stays bare."""
    draws, unit = scene.draws("lying"), scene.unit
    patches = scene.noise("patches", 12 * unit) - 0.5
    ground = np.clip(1 - scene.rise, 0, 1) ** draws.between(0.6, 1.2)
    bare = lerp(0.47, draws.between(0.05, 0.13), ground) - 0.15 * patches
    share = smoothstep(light - bare, -0.22, 0.25)
    sharp = grey(picture)[..., 0]
    fine = sharp / np.maximum(blur(sharp, 5 * unit), 0.05)
    white = (0.84 * np.clip(fine, 0.35, 1.2) ** 1.2)[..., None] * _COLD
    photographs = scene.photographs
    if photographs is not None and draws.chance(0.35) and photographs.has("snow"):
        photograph = photographs.crop("snow", scene.box_size, draws.rng)
        white = lerp(white, scene.placed(photograph), draws.between(0.3, 0.7))
    return lerp(picture, np.clip(white, 0, 1), (draws.between(0.75, 0.95) * share)[..., None])


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
