"""What an effect is drawn into: a photograph, a region of it, an amount; and where other photographs come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from soundini.training.composites.canvas import resize
from soundini.training.images import LabelledImages


@dataclass(frozen=True)
class Photographs:
    """Random crops of photographs, as effects use them.

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
            size: height and width of the crop handed out, pixels.
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
        return resize(np.ascontiguousarray(part, np.float32) / 255, size)

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


@dataclass(frozen=True)
class Scene:
    """A photograph that an effect is drawn into.

    Args:
        picture: the photograph, in [0, 1].
        matte: where the effect shows, in [0, 1].
        amount: how much of it, from above 0 to 1.
        photographs: where parts of effects come from.
        rng: where all choices come from.

    Shape:
        ``picture``: ``[S, S, 3]``; ``matte``: ``[S, S]``.
    """

    picture: np.ndarray
    matte: np.ndarray
    amount: float
    photographs: Photographs
    rng: np.random.Generator

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.matte.shape[0], self.matte.shape[1]

    @property
    def unit(self) -> float:
        """Pixels that sizes of drops, flakes and bolts are given in: 1 in a crop of 64, 1.3 in one of 128.

        A larger crop shows more of them rather than larger ones: finer rain, and the same strokes to learn at every size.
        """
        return float((len(self.matte) / 64) ** 0.4)

    @property
    def cover(self) -> np.ndarray:
        """The matte as ``[S, S, 1]``."""
        return self.matte[..., None]

    @cached_property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns that the region covers."""
        rows = np.flatnonzero(self.matte.max(1) > 0.05)
        columns = np.flatnonzero(self.matte.max(0) > 0.05)
        if not len(rows) or not len(columns):
            return slice(0, self.size[0]), slice(0, self.size[1])
        return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)

    @property
    def box_size(self) -> tuple[int, int]:
        """Height and width of :attr:`box`."""
        rows, columns = self.box
        return rows.stop - rows.start, columns.stop - columns.start

    @cached_property
    def rise(self) -> np.ndarray:
        """Height above the region's lowest row: 0 there, 1 at its highest; ``[S, 1]``."""
        rows = self.box[0]
        height = max(1, rows.stop - rows.start - 1)
        return ((rows.stop - 1 - np.arange(self.size[0], dtype=np.float32)) / height)[:, None]

    def placed(self, part: np.ndarray) -> np.ndarray:
        """Put what has the size of :attr:`box` where the box is; 0 elsewhere."""
        whole = np.zeros((*self.size, *part.shape[2:]), np.float32)
        whole[self.box] = part
        return whole

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """A number between two others, all alike."""
        return float(self.rng.uniform(low, high))

    def tint(self, low: Sequence[float], high: Sequence[float]) -> np.ndarray:
        """A colour between two others, each channel by itself; ``[3]``."""
        return self.rng.uniform(low, high).astype(np.float32)
