"""Crops of photographs for effects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from soundini.training.images import LabelledImages


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
