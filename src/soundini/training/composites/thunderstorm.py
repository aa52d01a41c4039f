"""Thunderstorm: the scene in dark light under heavy clouds, with bolts and what they light up."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from soundini.training.composites.canvas import blur, fractal, grey, lerp, screen, smoothstep
from soundini.training.composites.scene import Scene

_CLOUDS = {"storm": 0.3, "clouds": 0.7}
_PHOTOGRAPHED = 0.35
"""Share of bolts that come out of photographs; the others are drawn."""


def thunderstorm(scene: Scene) -> np.ndarray:
    """The scene under a storm: a grey light at a small amount, night and lightning at 1."""
    amount = scene.amount
    tint = scene.tint((0.74, 0.76, 1.02), (0.96, 0.92, 1.28))
    dark = lerp(scene.picture, grey(scene.picture), scene.between(0.4, 0.9))
    dark = dark * tint * lerp(0.85, scene.between(0.24, 0.42), amount)
    dark = _clouded(dark, scene, tint)
    if scene.chance(0.2 + 0.8 * amount):
        photographed = scene.chance(_PHOTOGRAPHED) and scene.photographs.has("storm")
        core = _bolts_of_a_photograph(scene) if photographed else drawn_bolts(scene)
        core = core * scene.matte * lerp(0.6, 1, amount)
        reach = blur(core, scene.between(3, 9) * scene.unit)
        reach = reach / max(float(reach.max()), 1e-3) * min(1.0, float(core.max()))
        dark = dark * (1 + scene.between(0.6, 2.2) * reach[..., None] * tint)
        halo = blur(core, 1.2 * scene.unit)[..., None] * tint * scene.between(0.5, 1.2)
        dark = screen(screen(np.clip(dark, 0, 1), halo), 1.1 * core[..., None] * (tint + 0.25))
    return lerp(scene.picture, np.clip(dark, 0, 1), scene.cover * min(1.0, 0.25 + 1.1 * amount))


def drawn_bolts(scene: Scene) -> np.ndarray:
    """One bolt or two that branch on their way down from the region's top: ``[S, S]`` in [0, 1]."""
    fine = 2
    rows, columns = scene.box
    height, width = scene.box_size
    canvas = np.zeros((fine * scene.size[0], fine * scene.size[1]), np.uint8)
    for _ in range(int(scene.rng.integers(1, 3))):
        start = np.array([columns.start + width * scene.between(0.1, 0.9), rows.start - 2.0])
        drop = height * scene.between(0.6, 1.1)
        end = start + np.array([scene.rng.normal(0, 0.25) * width, drop])
        thick = max(1, round(fine * scene.unit * scene.between(0.7, 1.3)))
        _draw_bolt(canvas, fine * start, fine * end, thick, 255, scene.rng)
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
    spread = 0.2 * float(np.linalg.norm(end - start))
    for _ in range(5):
        halves = [(a + b) / 2 + rng.normal(0, spread / 2, 2) for a, b in pairwise(points)]
        points = [p for pair in zip(points, halves, strict=False) for p in pair] + [points[-1]]
        spread /= 2
    line = np.array(points).round().astype(np.int32)
    cv2.polylines(canvas, [line], False, bright, thick, cv2.LINE_AA)
    if depth == 2:
        return
    for _ in range(int(rng.integers(1, 5 - depth))):
        at = points[int(rng.integers(len(points) // 5, len(points)))]
        away = (end - start) * rng.uniform(0.2, 0.5) + rng.normal(
            0, 0.2 * np.linalg.norm(end - start), 2
        )
        _draw_bolt(canvas, at, at + away, max(1, thick - 1), int(bright * 0.62), rng, depth + 1)


def _bolts_of_a_photograph(scene: Scene) -> np.ndarray:
    """What is much brighter than its surroundings in a photograph of a storm: ``[S, S]``."""
    picture = scene.photographs.crop("storm", scene.box_size, scene.rng, smallest=0.6)
    light = picture.max(-1)
    return scene.placed(smoothstep(light - blur(light, 4 * scene.unit), 0.12, 0.4))


def _clouded(picture: np.ndarray, scene: Scene, tint: np.ndarray) -> np.ndarray:
    """Heavy clouds over the region's upper part; what stands in the scene still shows through them."""
    if scene.chance(0.6) and scene.photographs.has(*_CLOUDS):
        clouds = scene.photographs.any_of(_CLOUDS, scene.box_size, scene.rng)
        light = scene.placed(grey(blur(clouds, 0.5 * scene.unit)))
    else:
        light = fractal(scene.size, 22 * scene.unit, scene.rng)[..., None]
    light = light / max(float(light.mean()), 0.1)
    light = np.clip(0.5 + scene.between(1, 2) * (light - 1), 0, 2) * scene.between(0.6, 0.9)
    height = np.clip(scene.rise, 0, 1) ** scene.between(0.5, 2)
    strength = (scene.between(0.6, 1) * height)[..., None]
    shaded = picture * lerp(1, np.clip(0.35 + 1.3 * light, 0, 1.6), strength)
    over = lerp(shaded, light * tint * 0.7, strength * scene.between(0.2, 0.6))
    return np.clip(over, 0, 1)
