"""Fire: flames, rising from the foot of the region over a scene that they darken and light."""

from __future__ import annotations

import numpy as np

from soundini.effects.canvas import blur, grey, heat_colour, lerp, screen, smoothstep
from soundini.effects.draws import Draws
from soundini.effects.particles import dots, scattered
from soundini.effects.scene import Photographs, Scene

FLAMES = {"fire": 0.95, "fire_mixed": 0.05}
"""Labels of photographs of flames, and their shares."""

_RENDERED = 0.35
"""Share of flames that are rendered where there are photographs; the others are keyed out of those."""

_TRIES = 8
_LIGHT = np.array([1.0, 0.5, 0.16], np.float32)


def fire(scene: Scene) -> np.ndarray:
    """The scene in flames: a few low ones at a small amount, all of the region at 1."""
    amount, unit, draws = scene.amount, scene.unit, scene.draws("fire")
    flames, key = _flames(scene)
    key = key * _reach(scene) * scene.matte
    lit = np.clip(blur(key * flames.max(-1), 7 * unit) * 1.6, 0, 1)
    near = np.clip(blur(key, 5 * unit) * 1.8, 0, 1)[..., None]
    burnt = amount * np.maximum(0.7 * scene.veil, near * scene.cover)
    dark = scene.picture * (1 - draws.between(0.35, 0.75) * burnt)
    dark = lerp(dark, grey(dark) * np.array([1.1, 0.92, 0.78]), 0.5 * burnt)
    dark = dark * (1 + draws.between(0.5, 2.0) * amount * (lit * scene.matte)[..., None] * _LIGHT)
    if draws.chance(0.4):
        dark = _smoke(dark, scene)
    opaque = key[..., None] * draws.between(0.6, 0.95)
    burning = np.clip(dark, 0, 1) * (1 - opaque) + flames * key[..., None]
    glow = (lit * scene.matte)[..., None] * _LIGHT * draws.between(0.05, 0.35) * amount
    places, strengths = scattered(
        scene, "sparks", draws.between(2, 16) * amount, speed=1.3, sway=2 * unit
    )
    sparks = dots(scene, places, strengths, 0.4 * unit)[..., None] * np.array([1, 0.7, 0.3])
    return screen(screen(np.clip(burning, 0, 1), glow), sparks * scene.cover)


def _flames(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    draws, photographs = scene.draws("flames"), scene.photographs
    if draws.chance(_RENDERED) or photographs is None or not photographs.has(*FLAMES):
        return rendered_flames(scene)
    flames, key = keyed_flames(scene, photographs)
    return scene.placed(flames), scene.placed(key)


def keyed_flames(scene: Scene, photographs: Photographs) -> tuple[np.ndarray, np.ndarray]:
    """Flames of a photograph, as large as the region's box: colours ``[h, w, 3]`` and key ``[h, w]``.

    Of some crops the one is taken whose flames stand out best from what is behind them.
    """
    draws = scene.draws("keyed flames")
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(_TRIES):
        picture = photographs.any_of(FLAMES, scene.box_size, draws.rng)
        key = flame_key(picture)
        cover = float(key.mean())
        behind = float((picture.max(-1) * (1 - key)).sum() / ((1 - key).sum() + 1))
        score = min(cover, 0.45) - 0.5 * behind + 0.1 * draws.rng.random()
        if best is None or score > best[0]:
            best = score, picture, key
    assert best is not None
    brighter = np.clip(best[1] * draws.between(1.0, 1.25), 0, 1)
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
    """Tongues of noise drawn out upwards: colours ``[H, W, 3]`` and key ``[H, W]``.

    Where the noise is high a tongue is hot and reaches far up; it narrows and cools on its way.
    """
    draws = scene.draws("rendered flames")
    height, width = scene.box_size
    cell = max(3.0, min(height, width) / draws.between(4, 10))
    tongues = _swirled(scene, "tongues", cell, draws, speed=1.0)
    licks = _swirled(scene, "licks", max(2.0, 0.4 * cell), draws, speed=1.15)
    up = 1 - np.clip(scene.rise, 0, 1)
    top = 0.6 + 0.9 * scene.noise("tops", (1e6, max(2.0, width / 5)), period=0.5, octaves=1)
    heat = 1.5 * tongues + 0.7 * licks + draws.between(0.5, 0.9) * (1 - (1 - up) / top) - 1.16
    heat = np.clip(heat / draws.between(0.75, 1.15), 0, 1)
    colour = heat_colour(heat ** draws.between(0.8, 1.4) * draws.between(0.72, 1))
    return colour, smoothstep(heat, 0.03, 0.32)


def _swirled(scene: Scene, name: str, cell: float, draws: Draws, speed: float) -> np.ndarray:
    """Noise that is longer than wide, bent sideways and back on its way up: ``[H, W]``."""
    long = cell * draws.between(1.8, 3.2)
    rows, columns = scene.places
    bend = scene.noise(f"{name} bend", (cell * 1.2, cell * 1.5), speed=0.8, period=0.6) - 0.5
    at = rows, columns + bend * cell * 1.6
    return scene.noise(name, (long, cell), speed=speed, period=0.5, at=at)


def _reach(scene: Scene) -> np.ndarray:
    """How high flames reach: a quarter of the region at the smallest amount, here and there to its top at 1; ``[H, W]``."""
    ragged = scene.noise("ragged", (1e6, max(2.0, scene.size[1] / 6)), period=0.4) - 0.5
    top = lerp(0.05, 1.1, scene.amount) + 0.7 * ragged
    return 1 - smoothstep(scene.rise - top, -0.35, 0.05)


def _smoke(picture: np.ndarray, scene: Scene) -> np.ndarray:
    draws = scene.draws("smoke")
    colour = draws.between(0.04, 0.35) * np.array([1.05, 1.0, 0.93], np.float32)
    thick = smoothstep(scene.noise("smoke", 20 * scene.unit, speed=0.6, period=1.5), 0.35, 0.8)
    thick = thick * np.clip(scene.rise, 0.1, 1) * scene.amount * draws.between(0.3, 0.85)
    return lerp(picture, colour, thick[..., None] * scene.veil)
