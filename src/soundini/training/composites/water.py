"""Sea and river: water that takes the region, in the scene's light, with foam where it meets what it does not cover."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from soundini.training.composites.canvas import blur, fractal, lerp, smoothstep
from soundini.training.composites.scene import Scene

SEA, RIVER = "sea", "waterfall"
"""Labels of the photographs that some of the water comes from."""

_RENDERED = 0.6
"""Share of water that is rendered; the rest is cut out of photographs."""

_TRIES = 6


def sea(scene: Scene) -> np.ndarray:
    """The region under the sea's surface: a wet film at a small amount, waves at 1."""
    return _flooded(scene, SEA, rendered_waves)


def river(scene: Scene) -> np.ndarray:
    """The region under running water: a wet film at a small amount, rapids at 1."""
    return _flooded(scene, RIVER, rendered_rapids)


def rendered_waves(scene: Scene) -> np.ndarray:
    """The open sea: long waves from deep blue to teal, with a few crests of foam; ``[h, w, 3]``."""
    deep = scene.tint((0.02, 0.16, 0.28), (0.08, 0.30, 0.44))
    bright = scene.tint((0.16, 0.46, 0.58), (0.34, 0.68, 0.78))
    return _waves(scene, deep, bright, length=0.4, foam=scene.between(0.03, 0.14))


def rendered_rapids(scene: Scene) -> np.ndarray:
    """A stream: a fall in veils, or short green waves that break everywhere; ``[h, w, 3]``."""
    if scene.chance(0.5):
        return _veils(scene)
    deep = scene.tint((0.05, 0.16, 0.15), (0.14, 0.28, 0.26))
    bright = scene.tint((0.30, 0.50, 0.46), (0.52, 0.68, 0.62))
    return _waves(scene, deep, bright, length=0.22, foam=scene.between(0.3, 0.5))


def _waves(
    scene: Scene, deep: np.ndarray, bright: np.ndarray, *, length: float, foam: float
) -> np.ndarray:
    """Waves seen along the water, finer towards the horizon.

    Args:
        scene: where they go.
        deep: colour of troughs.
        bright: colour of crests.
        length: of a wave at the lowest row, in widths of the region.
        foam: share of the water that breaks.
    """
    size = scene.box_size
    nearness = _nearness(size[0], scene.between(0.12, 0.4))
    swell, ripple = (
        _in_perspective(scene, nearness, each)
        for each in (length, length * scene.between(0.2, 0.4))
    )
    surface = 0.62 * swell + 0.38 * ripple
    slope = surface - np.roll(surface, 1, 0)
    slope = slope / max(float(slope.std()), 1e-4)
    tone = np.clip(0.42 + 0.2 * slope + 0.5 * (surface - 0.5), 0, 1)[..., None]
    water = lerp(deep, bright, tone)
    far = (1 - nearness)[..., None] * scene.between(0.2, 0.5)
    water = lerp(water, scene.between(0.6, 0.85) * np.array([0.92, 0.98, 1.04]), far * tone)
    crest = smoothstep(surface, *_highest(surface, foam, 0.06 + 0.3 * foam))
    spray = smoothstep(fractal(size, 4 * scene.unit, scene.rng), 0.35, 0.65)
    glint = smoothstep(slope, 1.6, 2.6) * (1 - 0.6 * nearness)
    return _foamed(water, np.clip(crest * (0.35 + 0.65 * spray) + 0.5 * glint, 0, 1), scene)


def _veils(scene: Scene) -> np.ndarray:
    """A waterfall: white water that falls in soft threads before dark wet rock; ``[h, w, 3]``."""
    size, unit = scene.box_size, scene.unit
    rock = fractal(size, (4 * unit, 5 * unit), scene.rng)
    wet = scene.tint((0.04, 0.08, 0.10), (0.14, 0.18, 0.18)) * (0.4 + 1.4 * rock[..., None])
    fine = fractal(size, (scene.between(14, 26) * unit, scene.between(0.9, 1.6) * unit), scene.rng)
    veil = fractal((1, size[1]), (1, scene.between(8, 16) * unit), scene.rng)
    veil = veil + 0.5 * (fractal(size, (20 * unit, 6 * unit), scene.rng) - 0.5)
    flow = smoothstep(veil, *_highest(veil, scene.between(0.5, 0.8), 0.25))
    white = flow * (0.45 + 0.75 * smoothstep(fine, 0.25, 0.75))
    pool = smoothstep(np.linspace(0, 1, size[0], dtype=np.float32), scene.between(0.75, 0.95), 1.05)
    mist = pool[:, None] * smoothstep(fractal(size, 5 * unit, scene.rng), 0.2, 0.7)
    light = np.clip(np.maximum(white, mist), 0, 1)[..., None]
    blue = scene.tint((0.55, 0.68, 0.78), (0.72, 0.82, 0.88))
    return np.clip(lerp(lerp(wet, blue, np.clip(1.6 * light, 0, 1)), 0.97, light**2), 0, 1)


def _in_perspective(scene: Scene, nearness: np.ndarray, length: float) -> np.ndarray:
    """Noise, wider than high, that shrinks with distance: ``[h, w]`` in about [0, 1]; ``length`` of a wave in widths."""
    height, width = scene.box_size
    fine = 2 * max(height, width)
    field = fractal((fine, fine), (0.5 * length * width, 1.6 * length * width), scene.rng)
    depth = np.cumsum(1 / np.clip(nearness[::-1, :1], 0.12, 1), 0)[::-1]
    rows = np.repeat(depth % (fine - 1), width, 1)
    across = (np.arange(width, dtype=np.float32)[None] - width / 2) / np.clip(nearness, 0.12, 1)
    columns = np.abs((across + 0.5 * fine) % (2 * fine - 2))
    columns = np.minimum(columns, 2 * fine - 2 - columns)
    return cv2.remap(field, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)


def _nearness(height: int, least: float) -> np.ndarray:
    """1 at the lowest row, ``least`` at the highest: how large things look there; ``[h, 1]``."""
    return np.linspace(least, 1, height, dtype=np.float32)[:, None]


def _highest(field: np.ndarray, share: float, width: float) -> tuple[float, float]:
    """Levels between which the highest ``share`` of a field begins: a soft threshold."""
    level = float(np.quantile(field, 1 - share))
    return level - width / 2, level + width / 2


def _foamed(water: np.ndarray, foam: np.ndarray, scene: Scene) -> np.ndarray:
    white = scene.between(0.85, 1.0) * np.array([0.97, 1.0, 1.0], np.float32)
    return np.clip(lerp(water, white, (0.95 * foam)[..., None]), 0, 1)


def _flooded(scene: Scene, label: str, rendered: Callable[[Scene], np.ndarray]) -> np.ndarray:
    picture, amount = scene.picture, scene.amount
    render = scene.chance(_RENDERED) or not scene.photographs.has(label)
    water = rendered(scene) if render else _photographed(scene, label)
    water = scene.placed(_in_the_light_of(water, picture[scene.box], scene.between(0, 0.25)))
    level = lerp(0.3, 1.6, amount) + 0.25 * (fractal(scene.size, 16 * scene.unit, scene.rng) - 0.5)
    covered = (1 - smoothstep(scene.rise - level, -0.25, 0.05)) * scene.matte
    covered = covered * lerp(0.45, 1, min(1.0, 1.4 * amount))
    wet = picture * (1 - 0.35 * scene.cover * amount)
    flooded = lerp(wet, water, covered[..., None])
    return np.clip(lerp(flooded, scene.between(0.75, 0.97), _foam(covered, scene)[..., None]), 0, 1)


def _photographed(scene: Scene, label: str) -> np.ndarray:
    """A crop of a photograph as large as the region's box: of some, the one that is most blue and most broken by light."""
    best: tuple[float, np.ndarray] | None = None
    for _ in range(_TRIES):
        crop = scene.photographs.crop(label, scene.box_size, scene.rng, 0.4)
        fine = crop.mean(-1) - blur(crop.mean(-1), 2 * scene.unit)
        cold = float((crop[..., 2] - crop[..., 0]).mean())
        score = min(cold, 0.15) + 3 * min(float(fine.std()), 0.08)
        if best is None or score > best[0]:
            best = score, crop
    assert best is not None
    return best[1]


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
