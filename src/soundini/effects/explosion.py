"""Explosion: a ball of fire that bursts out of billowing smoke, throws sparks and lights the scene."""

from __future__ import annotations

import numpy as np

from soundini.effects.canvas import blur, heat_colour, lerp, screen, smoothstep
from soundini.effects.fire import FLAMES, keyed_flames
from soundini.effects.particles import dots
from soundini.effects.scene import Scene

_LIGHT = np.array([1.0, 0.6, 0.24], np.float32)

_GROWS = 0.12
"""Seconds in which a burst reaches two thirds of its size."""

_COOLS = 0.9
"""Seconds in which its heat falls to a third."""

_BLINDS = 0.2
"""Seconds in which the flash that overexposes the picture falls to a third."""


def explosion(scene: Scene) -> np.ndarray:
    """The scene with an explosion in the region: a small burst at a small amount, one that fills it at 1."""
    draws, matte, amount = scene.draws("explosion", scene.moment.strike), scene.matte, scene.amount
    rows, columns = scene.box
    height, width = scene.box_size
    age = scene.moment.age
    grown = 1 - 0.55 * float(np.exp(-age / _GROWS)) + 0.1 * age
    hot = float(np.exp(-age / _COOLS))
    radius = min(height, width) * float(lerp(0.18, draws.between(0.4, 0.56), amount)) * grown
    y0 = rows.start + height * draws.between(0.42, 0.7)
    x0 = columns.start + width * draws.between(0.35, 0.65)
    y, x = scene.places
    centred = y - y0, x - x0
    billows = _billows(scene, "outline", 0.9 * radius, centred)
    far = np.hypot((x - x0) / draws.between(0.9, 1.35), y - y0) / max(radius, 1)
    far = far - draws.between(0.5, 0.9) * (billows - 0.4)
    light = np.clip(np.exp(-far.clip(0) * 0.9), 0, 1) * matte * (0.3 + 0.7 * hot)
    dark = scene.picture * (1 - amount * draws.between(0.15, 0.5) * scene.veil)
    dark = np.clip(dark * (1 + draws.between(0.5, 1.8) * amount * light[..., None] * _LIGHT), 0, 1)
    burst = lerp(dark, *_smoke(scene, far, light, radius, centred))
    ball, core = _ball(scene, far, radius, centred, hot)
    burst = lerp(burst, ball, (core * matte)[..., None])
    flash = light[..., None] ** 2 * _LIGHT * draws.between(0.05, 0.4) * amount
    burst = screen(screen(burst, flash), _sparks(scene, x0, y0, radius)[..., None] * _LIGHT)
    return _overexposed(
        burst, scene, np.hypot(*centred) * grown / max(radius, 1) - 0.5 * (billows - 0.4)
    )


def _overexposed(burst: np.ndarray, scene: Scene, far: np.ndarray) -> np.ndarray:
    """The first flash, too bright for a camera: white in its middle, yellow around; ``far`` is 1 at the ball's radius."""
    blind = 2.2 * scene.amount * float(np.exp(-scene.moment.age / _BLINDS))
    for reach, colour in ((1.6, (1.0, 0.64, 0.18)), (0.8, (1.0, 0.98, 0.85))):
        glow = np.exp(-((far.clip(0) / reach) ** 2))[..., None] * scene.veil
        burst = screen(burst, blind * glow * np.array(colour, np.float32))
    return burst.astype(np.float32)


def _smoke(
    scene: Scene,
    far: np.ndarray,
    light: np.ndarray,
    radius: float,
    centred: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Dark smoke round the ball, lit from within: colours ``[H, W, 3]`` and cover ``[H, W, 1]``."""
    draws = scene.draws("smoke", scene.moment.strike)
    folds = _billows(scene, "smoke", 0.5 * radius, centred)
    shade = draws.between(0.06, 0.28) * (0.25 + 1.6 * folds)[..., None]
    shade = shade * np.array([1.05, 1.0, 0.94], np.float32)
    shade = np.clip(shade * (1 + 2.5 * light[..., None] ** 2 * _LIGHT), 0, 1)
    cover = 0.97 * smoothstep(draws.between(1.5, 1.9) - far, 0, 0.7) * scene.matte
    return shade, cover[..., None]


def _ball(
    scene: Scene,
    far: np.ndarray,
    radius: float,
    centred: tuple[np.ndarray, np.ndarray],
    hot: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Fire within the billows, hottest in its middle, dark in the creases: colours ``[H, W, 3]`` and cover ``[H, W]``."""
    draws, photographs = scene.draws("ball", scene.moment.strike), scene.photographs
    folds = _billows(scene, "folds", 0.42 * radius, centred)
    inner = np.clip(1.2 - far, 0, 1)
    fine = _billows(scene, "fine folds", 0.18 * radius, centred)
    creased = 0.1 + 0.9 * smoothstep(folds, 0.1, 0.85) + 0.35 * (fine - 0.5)
    heat = inner ** draws.between(0.8, 1.4) * creased * (0.25 + 0.75 * hot)
    ball = heat_colour(np.clip(heat * draws.between(0.8, 1.0), 0, 1))
    core = smoothstep(heat, draws.between(0.0, 0.06), draws.between(0.45, 0.6))
    photographed, share = draws.chance(0.5), draws.between(0.4, 0.9)
    if photographs is not None and photographed and photographs.has(*FLAMES):
        flames, key = keyed_flames(scene, photographs)
        ball = lerp(ball, scene.placed(flames), (scene.placed(key) * share)[..., None])
    return ball, core


def _billows(
    scene: Scene, name: str, cell: float, centred: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Puffs with round tops and sharp, dark creases, growing from the burst's middle: ``[H, W]`` in about [0, 1]."""
    total = np.zeros(scene.size, np.float32)
    for number, weight in enumerate((0.55, 0.3, 0.15)):
        part = scene.noise(
            f"{name}{number}",
            max(2.0, cell / 2**number),
            speed=0.5,
            period=0.8,
            at=centred,
            octaves=1,
        )
        total += weight * np.clip(np.abs(4 * part - 2), 0, 1)
    return total


def _sparks(scene: Scene, x0: float, y0: float, radius: float) -> np.ndarray:
    """Bright bits on their way out: ``[H, W]``."""
    draws = scene.draws("sparks", scene.moment.strike)
    count = int(draws.between(4, 30) * scene.amount)
    drawn = draws.rng.random((count, 3))
    reach = radius * (0.5 + 1.1 * drawn[:, 1]) * (1 + 0.8 * scene.moment.age)
    angle = 2 * np.pi * drawn[:, 0]
    places = np.stack([y0 + reach * np.sin(angle), x0 + reach * np.cos(angle)], 1)
    field = dots(scene, places, 0.5 + 0.5 * drawn[:, 2], 0.4 * scene.unit)
    return np.clip(field + blur(field, 0.8 * scene.unit), 0, 1) * scene.matte
