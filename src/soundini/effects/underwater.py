"""Underwater: the scene through blue to teal water, with haze by depth, caustics, rays, bubbles and soft focus."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.effects.canvas import blur, lerp, screen
from soundini.effects.particles import dots, scattered
from soundini.effects.scene import Scene

_FINE = 2
_SHIFT = 3


def underwater(scene: Scene) -> np.ndarray:
    """The scene in the deep: a tinge of water at a small amount, wholly under it at 1."""
    unit, amount, draws = scene.unit, scene.amount, scene.draws("deep")
    soft = blur(scene.picture, draws.between(0, 0.6) * unit)
    water = draws.tint((0.0, 0.24, 0.42), (0.1, 0.5, 0.74))
    kept = draws.tint((0.12, 0.6, 0.75), (0.42, 0.88, 1.05))
    depth = np.clip(draws.between(0.15, 0.45) + draws.between(-0.15, 0.35) * scene.rise, 0.05, 0.75)
    uneven = 0.8 + 0.4 * scene.noise("haze", 26 * unit, period=5)
    bright = lerp(0.5, 1.3, np.clip(scene.rise, 0, 1))[..., None]
    deep = lerp(soft * kept * 1.05, water * bright, np.clip(depth * uneven, 0, 0.8)[..., None])
    light = _caustics(scene)[..., None] * np.array([0.12, 0.24, 0.24], np.float32)
    deep = deep * (1 + 2.2 * light) + 0.5 * light
    if draws.chance(0.5):
        rays = _rays(scene)[..., None] * np.array([0.25, 0.5, 0.55], np.float32)
        deep = screen(np.clip(deep, 0, 1), rays * draws.between(0.2, 0.7))
    deep = _photographed(deep, scene)
    places, strengths = scattered(
        scene, "motes", draws.between(0, 40) * amount, speed=0.3, sway=unit
    )
    shown = np.clip(_bubbles(scene) + 0.25 * dots(scene, places, strengths, 0.35 * unit), 0, 1)
    deep = screen(np.clip(deep, 0, 1), shown[..., None] * np.array([0.8, 0.95, 1.0], np.float32))
    return lerp(scene.picture, deep, scene.veil * amount**0.7)


def _photographed(deep: np.ndarray, scene: Scene) -> np.ndarray:
    """Now and then, a trace of a photograph of the deep over it."""
    draws, photographs = scene.draws("photographed deep"), scene.photographs
    if photographs is None or not draws.chance(0.15) or not photographs.has("underwater"):
        return deep
    photograph = photographs.crop("underwater", scene.box_size, draws.rng)
    if draws.chance(0.6):
        photograph = lerp(photograph, photograph[..., [0, 2, 1]], draws.between(0.5, 1))
    return lerp(deep, scene.placed(photograph), draws.between(0.15, 0.35))


def _caustics(scene: Scene) -> np.ndarray:
    """The net of light that waves throw on what lies under them: ``[H, W]`` in [0, 1]."""
    draws, time = scene.draws("caustics"), scene.moment.time
    y, x = (each / scene.size[0] * draws.between(14, 26) for each in scene.places)
    total = np.zeros(scene.size, np.float32)
    for _ in range(4):
        angle, phase, bend = draws.rng.uniform(0, 2 * np.pi, 3)
        turn = phase + draws.between(1.2, 2.4) * time
        along = (x * np.cos(angle) + y * np.sin(angle)) * draws.between(1, 2)
        total += np.sin(along + 1.7 * np.sin(y * draws.between(0.5, 1.5) + bend + time) + turn)
    net = np.exp(-np.abs(total) * draws.between(1.2, 2.8))
    fade = lerp(1, draws.between(0, 0.8), np.clip(scene.rise, 0, 1))
    return (net * fade * draws.between(0.1, 0.8)).astype(np.float32)


def _rays(scene: Scene) -> np.ndarray:
    """Shafts of light that come down aslant from the surface: ``[H, W]`` in [0, 1]."""
    draws, (rows, columns) = scene.draws("rays"), scene.places
    y, x = rows / scene.size[0], columns / scene.size[0]
    across = x + draws.normal(0.35) * y + 0.02 * np.sin(9 * y)
    widths = scene.noise("rays", (1e6, 1 / 12), period=2, at=(np.zeros_like(across), across))
    shafts = np.clip(2.2 * (widths - 0.45), 0, 1)
    return (shafts * np.clip(scene.rise, 0, 1) ** 1.2).astype(np.float32)


def _bubbles(scene: Scene) -> np.ndarray:
    """Bubbles: bright rims with a light on each, small ones as dots: ``[H, W]``."""
    draws, height, width = scene.draws("bubbles"), *scene.size
    canvas = np.zeros((_FINE * height, _FINE * width), np.uint8)
    count = int(draws.rng.integers(20, 60) * (0.3 + 0.7 * scene.amount))
    places, strengths = scattered(
        scene, "bubbles", count, margin=4 * scene.unit, sway=1.5 * scene.unit
    )
    sizes = np.clip(draws.rng.exponential(1.2, count) + 0.6, 0.6, 5) * scene.unit
    for (row, column), strength, size in zip(places, strengths, sizes, strict=True):
        at, radius = np.array([column, row]) * _FINE, float(size)
        value = int(255 * 0.8 * strength)
        hollow = radius > 1.5 * scene.unit
        thick = max(1, round(0.6 * scene.unit))
        _circle(canvas, at, radius, value, thick if hollow else -1)
        if hollow:
            _circle(canvas, at - 0.35 * radius, max(0.8, radius / 4), 242, -1)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def _circle(canvas: np.ndarray, at: np.ndarray, radius: float, value: int, thick: int) -> None:
    """Draw a circle at a part of a pixel."""
    x, y = (round(float(each) * 2**_SHIFT) for each in at)
    cv2.circle(canvas, (x, y), round(radius * 2**_SHIFT), value, thick, cv2.LINE_AA, _SHIFT)
