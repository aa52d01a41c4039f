"""Thunderstorm: the scene in dark light under heavy clouds, with bolts and what they light up."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from soundini.effects.canvas import blur, grey, lerp, screen, smoothstep
from soundini.effects.draws import Draws
from soundini.effects.scene import Scene

_CLOUDS = {"storm": 0.3, "clouds": 0.7}
_PHOTOGRAPHED = 0.35
"""Share of bolts that come out of photographs, where there are any; the others are drawn."""

_FADES = 0.3
"""Seconds in which the light of a bolt falls to a third."""

_LASTS = 0.4
"""Share of its light that a bolt keeps while the thunder is heard."""

_FINE = 2


def thunderstorm(scene: Scene) -> np.ndarray:
    """The scene under a storm: a grey light at a small amount, night and lightning at 1."""
    amount, unit, draws = scene.amount, scene.unit, scene.draws("storm")
    tint = draws.tint((0.74, 0.76, 1.02), (0.96, 0.92, 1.28))
    dark = lerp(scene.picture, grey(scene.picture), draws.between(0.4, 0.9))
    dark = dark * tint * lerp(0.85, draws.between(0.3, 0.46), amount)
    dark = _clouded(dark, scene, tint)
    dark = lerp(scene.picture, dark, scene.veil * min(1.0, 0.1 + 0.95 * amount))
    reached, halo = draws.between(0.6, 2.2), draws.between(0.5, 1.2)
    core = _bolts(scene) * scene.matte
    reach = blur(core, draws.between(3, 9) * unit)
    reach = reach / max(float(reach.max()), 1e-3) * min(1.0, float(core.max()))
    lit = dark * (1 + reached * reach[..., None] * scene.cover * tint)
    lit = screen(np.clip(lit, 0, 1), blur(core, 1.2 * unit)[..., None] * scene.cover * tint * halo)
    return np.clip(screen(lit, 1.1 * core[..., None] * (tint + 0.25)), 0, 1)


def _bolts(scene: Scene) -> np.ndarray:
    """The light of the present strike: ``[H, W]``."""
    draws = scene.draws("strike", scene.moment.strike)
    if not draws.chance(0.2 + 0.8 * scene.amount):
        return np.zeros(scene.size, np.float32)
    photographs = scene.photographs
    photographed = draws.chance(_PHOTOGRAPHED)
    if photographs is not None and photographed and photographs.has("storm"):
        picture = photographs.crop("storm", scene.box_size, draws.rng, smallest=0.6)
        light = picture.max(-1)
        core = scene.placed(smoothstep(light - blur(light, 4 * scene.unit), 0.12, 0.4))
    else:
        core = drawn_bolts(scene, draws)
    light = _LASTS + (1 - _LASTS) * float(np.exp(-scene.moment.age / _FADES))
    return core * light * lerp(0.6, 1, scene.amount)


def drawn_bolts(scene: Scene, draws: Draws) -> np.ndarray:
    """One bolt or two that branch on their way down from the region's top: ``[H, W]`` in [0, 1]."""
    rows, columns = scene.box
    height, width = scene.box_size
    canvas = np.zeros((_FINE * scene.size[0], _FINE * scene.size[1]), np.uint8)
    for _ in range(1 + draws.chance(0.7)):
        start = np.array([columns.start + width * draws.between(0.15, 0.85), rows.start - 2.0])
        drop = height * draws.between(0.6, 1.1)
        end = start + np.array([draws.normal(0.25) * width, drop])
        thick = max(1, round(_FINE * scene.unit * draws.between(0.18, 0.34)))
        _draw_bolt(canvas, _FINE * start, _FINE * end, thick, 255, draws.rng)
    small = cv2.resize(canvas, scene.size[::-1], interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def _draw_bolt(
    canvas: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    thick: int,
    bright: int,
    rng: np.random.Generator,
    depth: int = 0,
) -> None:
    """Draw a jagged line and its branches, each thinner and dimmer than what it leaves."""
    points = [start, end]
    length = float(np.linalg.norm(end - start))
    spread = 0.2
    for _ in range(7):
        halves = [(a + b) / 2 + length * rng.normal(0, spread / 2, 2) for a, b in pairwise(points)]
        points = [p for pair in zip(points, halves, strict=False) for p in pair] + [points[-1]]
        spread *= 0.52
    line = np.array(points).round().astype(np.int32)
    cv2.polylines(canvas, [line], False, bright, thick, cv2.LINE_AA)
    if depth == 2:
        return
    for _ in range(int(rng.integers(1, 5 - depth))):
        at = points[int(rng.integers(len(points) // 5, len(points)))]
        away = (end - start) * rng.uniform(0.2, 0.5) + length * rng.normal(0, 0.2, 2)
        _draw_bolt(
            canvas, at, at + away, max(1, round(0.6 * thick)), int(bright * 0.7), rng, depth + 1
        )


def _clouded(picture: np.ndarray, scene: Scene, tint: np.ndarray) -> np.ndarray:
    """Heavy clouds over the region's upper part; what stands in the scene still shows through them."""
    draws, unit, photographs = scene.draws("clouds"), scene.unit, scene.photographs
    photographed = draws.chance(0.6)
    if photographs is not None and photographed and photographs.has(*_CLOUDS):
        clouds = photographs.any_of(_CLOUDS, scene.box_size, draws.rng)
        light = scene.placed(grey(blur(clouds, 0.5 * unit)))
    else:
        bank = scene.noise("bank", (22 * unit, 40 * unit), period=6)
        puffs = np.abs(2 * scene.noise("puffs", (9 * unit, 14 * unit), period=4) - 1)
        light = (0.55 * bank + 0.75 * puffs)[..., None]
    light = light / max(float(light.mean()), 0.1)
    light = np.clip(0.5 + draws.between(1, 2) * (light - 1), 0, 2) * draws.between(0.6, 0.9)
    height = np.clip(scene.rise, 0, 1) ** draws.between(0.5, 2)
    strength = (draws.between(0.6, 1) * height)[..., None]
    shaded = picture * lerp(1, np.clip(0.35 + 1.3 * light, 0, 1.6), strength)
    over = lerp(shaded, light * tint * 0.7, strength * draws.between(0.25, 0.5))
    return np.clip(over, 0, 1)
