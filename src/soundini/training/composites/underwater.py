"""Underwater: the scene through blue to teal water, with haze by depth, caustics, rays, bubbles and soft focus."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.training.composites.canvas import blur, dots, fractal, lerp, screen
from soundini.training.composites.scene import Scene

_FINE = 2


def underwater(scene: Scene) -> np.ndarray:
    """The scene in the deep: a tinge of water at a small amount, wholly under it at 1."""
    unit, amount = scene.unit, scene.amount
    soft = blur(scene.picture, scene.between(0, 0.6) * unit)
    water = scene.tint((0.0, 0.24, 0.42), (0.1, 0.5, 0.74))
    kept = scene.tint((0.12, 0.6, 0.75), (0.42, 0.88, 1.05))
    depth = np.clip(scene.between(0.15, 0.45) + scene.between(-0.15, 0.35) * scene.rise, 0.05, 0.75)
    uneven = 0.8 + 0.4 * fractal(scene.size, 26 * unit, scene.rng)
    bright = lerp(0.5, 1.3, np.clip(scene.rise, 0, 1))[..., None]
    deep = lerp(soft * kept * 1.05, water * bright, np.clip(depth * uneven, 0, 0.8)[..., None])
    light = _caustics(scene)[..., None] * np.array([0.12, 0.24, 0.24], np.float32)
    deep = deep * (1 + 2.2 * light) + 0.5 * light
    if scene.chance(0.5):
        rays = _rays(scene)[..., None] * np.array([0.25, 0.5, 0.55], np.float32)
        deep = screen(np.clip(deep, 0, 1), rays * scene.between(0.2, 0.7))
    if scene.chance(0.15) and scene.photographs.has("underwater"):
        photograph = scene.photographs.crop("underwater", scene.box_size, scene.rng)
        if scene.chance(0.6):
            photograph = lerp(photograph, photograph[..., [0, 2, 1]], scene.between(0.5, 1))
        deep = lerp(deep, scene.placed(photograph), scene.between(0.15, 0.35))
    motes = dots(scene.size, int(scene.between(0, 40) * amount), 0.35 * unit, scene.rng)
    shown = np.clip(_bubbles(scene) + 0.25 * motes, 0, 1)[..., None]
    deep = screen(np.clip(deep, 0, 1), shown * np.array([0.8, 0.95, 1.0], np.float32))
    return lerp(scene.picture, deep, scene.cover * amount**0.7)


def _caustics(scene: Scene) -> np.ndarray:
    """The net of light that waves throw on what lies under them: ``[S, S]`` in [0, 1]."""
    y, x = np.mgrid[: scene.size[0], : scene.size[1]] / len(scene.matte) * scene.between(5, 12)
    total = np.zeros(scene.size)
    for _ in range(4):
        angle, phase, bend = scene.rng.uniform(0, 2 * np.pi, 3)
        along = (x * np.cos(angle) + y * np.sin(angle)) * scene.between(1, 2)
        total += np.sin(along + 1.7 * np.sin(y * scene.between(0.5, 1.5) + bend) + phase)
    net = np.exp(-np.abs(total) * scene.between(1.2, 2.8))
    fade = lerp(1, scene.between(0, 0.8), np.clip(scene.rise, 0, 1))
    return (net * fade * scene.between(0, 0.8)).astype(np.float32)


def _rays(scene: Scene) -> np.ndarray:
    """Shafts of light that come down aslant from the surface: ``[S, S]`` in [0, 1]."""
    y, x = np.mgrid[: scene.size[0], : scene.size[1]].astype(np.float32) / len(scene.matte)
    across = x + scene.rng.normal(0, 0.35) * y + 0.02 * np.sin(9 * y)
    widths = fractal((1, 96), 8, scene.rng)[0]
    shafts = np.interp(across % 1.0, np.linspace(0, 1, 96), np.clip(2.2 * (widths - 0.45), 0, 1))
    return (shafts * np.clip(scene.rise, 0, 1) ** 1.2).astype(np.float32)


def _bubbles(scene: Scene) -> np.ndarray:
    """Bubbles: bright rims with a light on each, small ones as dots: ``[S, S]``."""
    side = _FINE * len(scene.matte)
    canvas = np.zeros((side, side), np.float32)
    for _ in range(int(scene.rng.integers(0, 24) * (0.3 + 0.7 * scene.amount))):
        radius = int(np.clip(scene.rng.exponential(1.9) + 1, 1, 8) * scene.unit)
        at = tuple(int(v) for v in scene.rng.integers(0, side, 2))
        hollow = radius > 2
        strength = scene.between(0.35, 0.8)
        cv2.circle(canvas, at, max(radius, 1), strength, 1 if hollow else -1, cv2.LINE_AA)
        if hollow:
            light = (int(at[0] - 0.35 * radius), int(at[1] - 0.35 * radius))
            cv2.circle(canvas, light, max(1, radius // 4), 0.95, -1, cv2.LINE_AA)
    return cv2.resize(canvas, scene.size[::-1], interpolation=cv2.INTER_AREA)
