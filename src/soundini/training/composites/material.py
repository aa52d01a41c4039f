"""What composites are made of: crops of photographs, and random regions like the masks of users."""

from dataclasses import dataclass

import cv2
import numpy as np

from soundini.effects.canvas import blur
from soundini.training.images import LabelledImages

_LEAST_COVER = 0.08
"""A region with a smaller share of the picture is replaced by the whole frame."""

_WHOLE = 0.28
"""Share of regions that are the whole frame: most edits fill the box that the model sees."""


@dataclass(frozen=True)
class Photographs:
    """Random crops of photographs for effects.

    Args:
        images: the photographs by label.
    """

    images: LabelledImages

    def has(self, *labels: str) -> bool:
        """Whether there is a photograph of one of the labels."""
        return any(self.images.by_label.get(label) for label in labels)

    def crop(
        self,
        label: str,
        size: tuple[int, int],
        rng: np.random.Generator,
        smallest: float = 0.35,
    ) -> np.ndarray:
        """A crop of the shape of ``size``, flipped half of the time.

        Args:
            label: of the photograph.
            size: height and width of the returned crop, pixels.
            rng: where the choices come from.
            smallest: least side of the crop, as a share of the largest that fits.

        Returns:
            float32 ``[height, width, 3]`` in [0, 1].
        """
        pictures = self.images.by_label[label]
        picture = pictures[rng.choice(len(pictures), p=self.images.chances[label])]
        rows, columns = picture.shape[:2]
        fits = min(rows / size[0], columns / size[1])
        scale = fits * np.exp(rng.uniform(np.log(smallest), 0))
        height, width = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        y, x = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
        part = picture[y : y + height, x : x + width]
        part = part[:, ::-1] if rng.random() < 0.5 else part
        return _resized(np.ascontiguousarray(part, np.float32) / 255, size)

    def any_of(
        self, shares: dict[str, float], size: tuple[int, int], rng: np.random.Generator
    ) -> np.ndarray:
        """A crop of one of several labels, by their shares; labels without photographs are left out."""
        return self.crop(self.pick(shares, rng), size, rng)

    def pick(self, shares: dict[str, float], rng: np.random.Generator) -> str:
        """One of several labels, by their shares; labels without photographs are left out."""
        labels = [label for label in shares if self.images.by_label.get(label)]
        weights = np.array([shares[label] for label in labels])
        return labels[rng.choice(len(labels), p=weights / weights.sum())]


def _resized(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a picture to ``(height, width)``: by area when it shrinks, else bicubic, clipped to [0, 1]."""
    if x.shape[:2] == size:
        return x
    shrinks = size[0] <= x.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.clip(cv2.resize(x, size[::-1], interpolation=way), 0, 1)


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
