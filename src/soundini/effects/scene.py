"""What an effect is drawn into: a picture, a region of it, an amount and a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from soundini.effects.canvas import smoothstep
from soundini.effects.draws import Draws, lattice, read_lattice
from soundini.effects.matte import distance_inside

_OCTAVES = ((1.0, 1.0), (2.0, 0.5), (4.0, 0.25))
"""Frequency and weight of the parts of :meth:`Scene.noise`."""


_FADE = 0.3
"""Width of the veil's fade, as a share of the region's depth."""


class Photographs(Protocol):
    """Where effects take parts of photographs from, when they are trained on."""

    def has(self, *labels: str) -> bool:
        """Whether there is a photograph of one of the labels."""
        ...

    def crop(
        self, label: str, size: tuple[int, int], rng: np.random.Generator, smallest: float = 0.35
    ) -> np.ndarray:
        """A random crop, ``[*size, 3]`` in [0, 1]."""
        ...

    def any_of(
        self, shares: dict[str, float], size: tuple[int, int], rng: np.random.Generator
    ) -> np.ndarray:
        """A random crop of one of several labels, by their shares."""
        ...


@dataclass(frozen=True)
class Moment:
    """When an effect is seen, and where it has got to.

    Args:
        time: seconds of the video.
        moved: how far the effect has moved (right, down), pixels.
        heading: where it moves to (right, down), of any length; None where that is drawn by lot.
        strike: number of the bolt or burst that is seen.
        age: seconds since it struck, 0 or more.
    """

    time: float = 0.0
    moved: tuple[float, float] = (0.0, 0.0)
    heading: tuple[float, float] | None = None
    strike: int = 0
    age: float = 0.0

    def slant(self, by_lot: float) -> float:
        """Columns to the right for each row that falls; ``by_lot`` where the heading is not known."""
        if self.heading is None:
            return by_lot
        right, down = self.heading
        return right / down if down > 0 else 0.0


@dataclass(frozen=True)
class Scene:
    """A picture that an effect is drawn into.

    All that is random follows from the seed and the name of what is drawn. So a scene at two moments shows the same effect.

    Args:
        picture: the picture, in [0, 1].
        matte: where the effect shows, in [0, 1].
        amount: how much of it, from above 0 to 1.
        seed: names all random choices.
        moment: when it is seen.
        photographs: where parts of effects come from; None to render all of them.
        variety: of colours, sizes and numbers, see :class:`Draws`.
        scale: how many times as large the picture is as the one whose effect it shows: the same drops, drawn finer.

    Shape:
        ``picture``: ``[H, W, 3]``; ``matte``: ``[H, W]``.
    """

    picture: np.ndarray
    matte: np.ndarray
    amount: float
    seed: int
    moment: Moment = field(default_factory=Moment)
    photographs: Photographs | None = None
    variety: float = 1.0
    scale: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.matte.shape[0], self.matte.shape[1]

    @property
    def unit(self) -> float:
        """Pixels that sizes of drops, flakes and bolts are given in: 1 in a crop of 64, 1.3 in one of 128.

        A larger crop shows more of them rather than larger ones: finer rain, and the same strokes to learn at every size.
        """
        return float(self.scale * (max(self.size) / self.scale / 64) ** 0.4)

    @property
    def cover(self) -> np.ndarray:
        """The matte as ``[H, W, 1]``."""
        return self.matte[..., None]

    @cached_property
    def veil(self) -> np.ndarray:
        """The matte with a wide fade, for what has no edge of its own, such as haze and light: ``[H, W, 1]``."""
        hard = (self.matte > 0.05).astype(np.uint8)
        if hard.all():
            return self.cover
        inside = distance_inside(hard)
        return self.cover * smoothstep(inside, 0, _FADE * float(inside.max()))[..., None]

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
        """Height above the region's lowest row: 0 there, 1 at its highest; ``[H, 1]``."""
        rows = self.box[0]
        height = max(1, rows.stop - rows.start - 1)
        return ((rows.stop - 1 - np.arange(self.size[0], dtype=np.float32)) / height)[:, None]

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of every pixel; each ``[H, W]``."""
        rows, columns = np.mgrid[: self.size[0], : self.size[1]].astype(np.float32)
        return rows, columns

    def draws(self, name: str, number: int = 0) -> Draws:
        """Random choices for a part of the effect."""
        return Draws(self.seed, name, number, self.variety)

    def placed(self, part: np.ndarray) -> np.ndarray:
        """Put what has the size of :attr:`box` where the box is; 0 elsewhere."""
        whole = np.zeros((*self.size, *part.shape[2:]), np.float32)
        whole[self.box] = part
        return whole

    def noise(
        self,
        name: str,
        cell: float | tuple[float, float],
        *,
        speed: float = 0.0,
        period: float = 0.0,
        at: tuple[np.ndarray, np.ndarray] | None = None,
        octaves: int = 3,
    ) -> np.ndarray:
        """Smooth random values in about [0, 1]: some octaves of value noise.

        Args:
            name: of the field; another name gives another field.
            cell: pixels from one value to the next, or rows and columns of it.
            speed: by how much of the effect's movement the field is moved.
            period: seconds in which it turns into another field; 0 for one that stays.
            at: rows and columns that it is read at, pixels; None reads it at every pixel of the picture.
            octaves: 1 to 3; each has half the cell and half the weight of the one before.

        Shape:
            returns ``[H, W]``, or the shape of ``at``.
        """
        rows, columns = self.places if at is None else at
        right, down = (speed * far for far in self.moment.moved)
        high, wide = cell if isinstance(cell, tuple) else (cell, cell)
        y, x = (rows - down) / high, (columns - right) / wide
        total = np.zeros(rows.shape, np.float32)
        parts = _OCTAVES[:octaves]
        for number, (frequency, weight) in enumerate(parts):
            values = self._values(f"{name}{number}", period)
            total += weight * read_lattice(values, frequency * y, frequency * x)
        return total / sum(weight for _, weight in parts)

    def _values(self, name: str, period: float) -> np.ndarray:
        """A lattice; one that turns into another keeps its spread on the way."""
        if not period:
            return lattice(self.seed, name, 0)
        number, share = divmod(self.moment.time / period, 1)
        here, there = (lattice(self.seed, name, int(number) + k) - 0.5 for k in (0, 1))
        angle = share * np.pi / 2
        return (
            np.float32(0.5) + np.float32(np.cos(angle)) * here + np.float32(np.sin(angle)) * there
        )
