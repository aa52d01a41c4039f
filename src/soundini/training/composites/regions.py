"""Random regions, like the masks of users."""

from __future__ import annotations

import cv2
import numpy as np

from soundini.effects.canvas import blur

_LEAST_COVER = 0.08
"""A region with a smaller share of the picture is replaced by the whole frame."""

_WHOLE = 0.28
"""Share of regions that are the whole frame: most edits fill the box that the model sees."""


def draw_region(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a region: the whole frame, an ellipse, a box, a sky, a ground, brush strokes, or an outline.

    Returns:
        Float32 ``[size, size]`` in [0, 1], hard or soft at the rim.
    """
    kinds = (_ellipse, _box, _band, _brush, _blob)
    if rng.random() < _WHOLE:
        return np.ones((size, size), np.float32)
    region = kinds[rng.integers(len(kinds))](size, rng)
    if region.mean() < _LEAST_COVER:
        return np.ones((size, size), np.float32)
    return blur(region, float(rng.choice([0, 0.5, 1.5, 3.0])) * size / 64)


def _ellipse(size: int, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    centre = tuple(int(v) for v in rng.uniform(0.25, 0.75, 2) * size)
    axes = tuple(int(v) for v in rng.uniform(0.2, 0.55, 2) * size)
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return mask.astype(np.float32)


def _box(size: int, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((size, size), np.float32)
    (y0, x0), (y1, x1) = rng.integers(0, size // 2, 2), rng.integers(size // 2, size + 1, 2)
    mask[y0:y1, x0:x1] = 1
    return mask


def _band(size: int, rng: np.random.Generator) -> np.ndarray:
    """A sky or a ground with an uneven horizon."""
    level = rng.uniform(0.25, 0.75) * size
    line = level + rng.uniform(0, 0.3) * size * (_fractal((1, size), size / 4, rng)[0] - 0.5)
    above = np.arange(size)[:, None] < line[None]
    return (above if rng.random() < 0.5 else ~above).astype(np.float32)


def _brush(size: int, rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    at = rng.uniform(0.2, 0.8, 2) * size
    width = max(2, int(rng.uniform(0.15, 0.4) * size))
    for _ in range(int(rng.integers(2, 7))):
        there = np.clip(at + rng.normal(0, 0.3 * size, 2), 0, size)
        cv2.line(mask, _point(at), _point(there), 1, width)
        at = there
    return mask.astype(np.float32)


def _blob(size: int, rng: np.random.Generator) -> np.ndarray:
    """A shape like an object's outline: noise, cut at a level, near the middle."""
    grid = (np.arange(size) + 0.5) / size - 0.5
    far = np.sqrt(grid[:, None] ** 2 + grid[None] ** 2)
    field = _fractal((size, size), size / rng.uniform(2, 5), rng) - rng.uniform(0.3, 1.4) * far
    return (field > np.quantile(field, rng.uniform(0.25, 0.75))).astype(np.float32)


def _point(at: np.ndarray) -> tuple[int, int]:
    return int(at[0]), int(at[1])


def _fractal(size: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """Three octaves of :func:`_value_noise`; the coarsest has the given cell."""
    total = np.zeros(size, np.float32)
    for octave, weight in enumerate((1.0, 0.5, 0.25)):
        total += weight * _value_noise(size, cell / 2**octave, rng)
    return total / 1.75


def _value_noise(size: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth random values in about [0, 1], one for each cell."""
    shape = [max(2, int(side / max(cell, 1)) + 2) for side in size]
    values = rng.random(shape, np.float32)
    return cv2.resize(values, size[::-1], interpolation=cv2.INTER_CUBIC)
