"""Drops, flakes, sparks and bubbles: many small things that keep their places and move together."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.effects.canvas import blur
from soundini.effects.scene import Scene

_FINE = 2
"""Lines are drawn so many times as large, and made small by area."""

_SHIFT = 3
"""Binary digits of a pixel that OpenCV draws at."""


def scattered(
    scene: Scene,
    name: str,
    count: float,
    *,
    speed: float = 1.0,
    margin: float = 0.0,
    sway: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Where particles are at the scene's moment, and how strong each is.

    They come in again where they left, ``margin`` pixels beyond the border. Fewer are always the first of more.

    Args:
        scene: gives moment and size.
        name: of the particles.
        count: how many.
        speed: how fast they go, as a share of the effect.
        margin: pixels.
        sway: how far each swings to the side by itself, pixels.

    Shape:
        rows and columns ``[N, 2]`` and strengths ``[N]`` in [0.5, 1].
    """
    many = max(0, round(count))
    drawn = scene.draws(name).rng.random((many, 4))
    size = np.array(scene.size) + 2 * margin
    right, down = scene.moment.moved
    places = drawn[:, :2] * size + speed * np.array([down, right])
    places[:, 1] += sway * np.sin(2 * np.pi * (scene.moment.time / 1.7 + drawn[:, 3]))
    return places % size - margin, 0.5 + 0.5 * drawn[:, 2]


def dots(scene: Scene, places: np.ndarray, strengths: np.ndarray, radius: float) -> np.ndarray:
    """Soft dots of about ``radius`` pixels: ``[H, W]`` in [0, 1].

    Args:
        scene: gives the size.
        places: rows and columns.
        strengths: of each, in [0, 1].
        radius: pixels.
    """
    field = np.zeros(scene.size, np.float32)
    whole = np.floor(places)
    for dy in (0, 1):
        for dx in (0, 1):
            at = (whole + np.array([dy, dx])).astype(int)
            share = np.abs(1 - dy - (places - whole)[:, 0]) * np.abs(
                1 - dx - (places - whole)[:, 1]
            )
            inside = ((at >= 0) & (at < np.array(scene.size))).all(1)
            np.add.at(field, tuple(at[inside].T), (share * strengths)[inside])
    soft = max(radius, 0.35)
    return np.clip(blur(field, soft) * (2 * np.pi * soft**2) * 0.8, 0, 1)


def streaks(
    scene: Scene,
    places: np.ndarray,
    strengths: np.ndarray,
    length: float,
    width: float,
    slant: float,
) -> np.ndarray:
    """Short lines downwards, brightest in the middle: ``[H, W]`` in [0, 1].

    Args:
        scene: gives the size.
        places: row and column of each line's middle.
        strengths: of each, in [0, 1].
        length: rows.
        width: pixels; thinner than half a pixel is drawn fainter.
        slant: columns to the right for each row.
    """
    height, wide = scene.size
    canvas = np.zeros((_FINE * height, _FINE * wide), np.uint8)
    thick = max(1, round(_FINE * width))
    bright = min(1.0, _FINE * width)
    for part, share in ((1.0, 0.55), (0.55, 1.0)):
        half = 0.5 * part * length * np.array([1.0, slant])
        ends = np.stack([places - half, places + half], 1)[..., ::-1]
        points = np.round((_FINE * (ends + 0.5) - 0.5) * 2**_SHIFT).astype(int)
        values = np.round(255 * bright * share * strengths).astype(int).tolist()
        for (start, end), value in zip(points.tolist(), values, strict=True):
            cv2.line(canvas, start, end, value, thick, cv2.LINE_AA, _SHIFT)
    small = cv2.resize(canvas, (wide, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255
