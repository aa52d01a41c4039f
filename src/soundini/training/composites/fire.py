"""Fire: flames, rising from the foot of the region over a scene that they darken and light."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.training.composites.canvas import (
    blur,
    dots,
    fractal,
    grey,
    heat_colour,
    lerp,
    screen,
    smoothstep,
    value_noise,
)
from soundini.training.composites.scene import Scene

FLAMES = {"fire": 0.95, "fire_mixed": 0.05}
"""Labels of photographs of flames, and their shares."""

_RENDERED = 0.35
"""Share of flames that are rendered; the others are keyed out of photographs."""

_TRIES = 8
_LIGHT = np.array([1.0, 0.5, 0.16], np.float32)


def fire(scene: Scene) -> np.ndarray:
    """The scene in flames: a few low ones at a small amount, all of the region at 1."""
    amount = scene.amount
    render = scene.chance(_RENDERED) or not scene.photographs.has(*FLAMES)
    flames, key = rendered_flames(scene) if render else keyed_flames(scene)
    flames, key = scene.placed(flames), scene.placed(key)
    key = key * _reach(scene) * scene.matte
    lit = np.clip(blur(key * flames.max(-1), 7 * scene.unit) * 1.6, 0, 1)
    dark = scene.picture * (1 - amount * scene.between(0.35, 0.75) * scene.cover)
    dark = lerp(dark, grey(dark) * np.array([1.1, 0.92, 0.78]), 0.5 * amount * scene.cover)
    dark = dark * (1 + scene.between(0.5, 2.0) * amount * (lit * scene.matte)[..., None] * _LIGHT)
    if scene.chance(0.4):
        dark = _smoke(dark, scene)
    opaque = key[..., None] * scene.between(0.6, 0.95)
    burning = np.clip(dark, 0, 1) * (1 - opaque) + flames * key[..., None]
    glow = (lit * scene.matte)[..., None] * _LIGHT * scene.between(0.05, 0.35) * amount
    sparks = dots(scene.size, int(scene.between(0, 14) * amount), 0.4 * scene.unit, scene.rng)
    sparks = sparks[..., None] * np.array([1, 0.7, 0.3], np.float32) * scene.cover
    return screen(screen(np.clip(burning, 0, 1), glow), sparks)


def keyed_flames(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Flames of a photograph, as large as the region's box: colours ``[h, w, 3]`` and key ``[h, w]``.

    Of some crops the one is taken whose flames stand out best from what is behind them.
    """
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(_TRIES):
        picture = scene.photographs.any_of(FLAMES, scene.box_size, scene.rng)
        key = flame_key(picture)
        cover = float(key.mean())
        behind = float((picture.max(-1) * (1 - key)).sum() / ((1 - key).sum() + 1))
        score = min(cover, 0.45) - 0.5 * behind + 0.1 * scene.rng.random()
        if best is None or score > best[0]:
            best = score, picture, key
    assert best is not None
    brighter = np.clip(best[1] * scene.between(1.0, 1.25), 0, 1)
    return brighter, best[2]


def flame_key(picture: np.ndarray) -> np.ndarray:
    """How far each pixel is of a flame: bright, and more red than blue; ``[h, w, 3]`` -> ``[h, w]``."""
    red, blue = picture[..., 0], picture[..., 2]
    warm = smoothstep(red - blue, 0.1, 0.45)
    white_hot = smoothstep(picture.min(-1), 0.7, 0.95) * smoothstep(blur(warm, 3), 0.3, 0.7)
    return smoothstep(picture @ np.array([0.6, 0.4, 0.0], np.float32), 0.36, 0.72) * np.maximum(
        warm, white_hot
    )


def rendered_flames(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Tongues of noise drawn out upwards, as large as the region's box: colours ``[h, w, 3]`` and key ``[h, w]``.

    Where the noise is high a tongue is hot and reaches far up; it narrows and cools on its way.
    """
    height, width = scene.box_size
    cell = max(3.0, min(height, width) / scene.between(4, 10))
    tongues = _swirled((height, width), cell, scene)
    licks = _swirled((height, width), max(2.0, 0.4 * cell), scene)
    up = np.linspace(1, 0, height, dtype=np.float32)[:, None]
    top = 0.6 + 0.9 * value_noise((1, width), (1, max(2, width / 5)), scene.rng)
    heat = 1.5 * tongues + 0.7 * licks + scene.between(0.5, 0.9) * (1 - up / top) - 1.16
    heat = np.clip(heat / scene.between(0.75, 1.15), 0, 1)
    colour = heat_colour(heat ** scene.between(0.8, 1.4) * scene.between(0.72, 1))
    return colour, smoothstep(heat, 0.03, 0.32)


def _swirled(size: tuple[int, int], cell: float, scene: Scene) -> np.ndarray:
    """Noise that is longer than wide, bent sideways the more the higher: ``size``."""
    long = cell * scene.between(1.8, 3.2)
    field = fractal(size, (long, cell), scene.rng)
    bend = (value_noise(size, (cell * 1.2, cell * 1.5), scene.rng) - 0.5) * cell * 1.6
    columns = np.clip(np.arange(size[1])[None] + bend, 0, size[1] - 1).astype(np.float32)
    rows = np.repeat(np.arange(size[0], dtype=np.float32)[:, None], size[1], 1)
    return cv2.remap(field, columns, rows, cv2.INTER_LINEAR)


def _reach(scene: Scene) -> np.ndarray:
    """How high flames reach: a quarter of the region at the smallest amount, past its top at 1; ``[S, S]``."""
    ragged = value_noise((1, scene.size[1]), (1, max(2, scene.size[1] / 6)), scene.rng) - 0.5
    top = lerp(0.2, 1.5, scene.amount) + 0.4 * ragged
    return 1 - smoothstep(scene.rise - top, -0.35, 0.05)


def _smoke(picture: np.ndarray, scene: Scene) -> np.ndarray:
    colour = scene.between(0.04, 0.35) * np.array([1.05, 1.0, 0.93], np.float32)
    thick = smoothstep(fractal(scene.size, 20 * scene.unit, scene.rng), 0.35, 0.8)
    thick = thick * np.clip(scene.rise, 0.1, 1) * scene.amount * scene.between(0.3, 0.85)
    return lerp(picture, colour, (thick * scene.matte)[..., None])
