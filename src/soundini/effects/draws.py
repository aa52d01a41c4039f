"""Random numbers of an effect: each part has its own, so that one part never shifts another's."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

LATTICE = 128
"""Nodes along each side of a noise lattice; after so many cells noise comes round again."""


class Draws:
    """Random choices that depend on a seed and a name alone.

    Args:
        seed: of the whole effect.
        name: of the part that is drawn.
        number: which of several alike.
        variety: how far numbers may lie from the middle of what they are drawn from: 1 as far as it goes, 0 not at all.
    """

    def __init__(self, seed: int, name: str, number: int = 0, variety: float = 1.0) -> None:
        self.variety = variety
        self.rng = np.random.default_rng((seed, zlib.crc32(name.encode()), number & 0xFFFFFFFF))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """A number between two others, all alike."""
        return float(self._near_middle(self.rng.uniform(low, high), low, high))

    def normal(self, deviation: float) -> float:
        """A number around 0 with the given standard deviation."""
        return float(self.rng.normal(0, deviation)) * self.variety

    def tint(self, low: Sequence[float], high: Sequence[float]) -> np.ndarray:
        """A colour between two others, each channel by itself; ``[3]``."""
        drawn = self.rng.uniform(low, high)
        return self._near_middle(drawn, np.array(low), np.array(high)).astype(np.float32)

    def _near_middle(self, drawn: Any, low: Any, high: Any) -> Any:
        middle = (low + high) / 2
        return middle + self.variety * (drawn - middle)


@lru_cache(maxsize=256)
def lattice(seed: int, name: str, number: int) -> np.ndarray:
    """Independent values in [0, 1] for a noise field: read-only ``[LATTICE, LATTICE]``."""
    values = Draws(seed, name, number).rng.random((LATTICE, LATTICE), np.float32)
    values.setflags(write=False)
    return values


def read_lattice(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A lattice's values between its nodes, smoothly; it comes round again at its ends.

    Args:
        values: ``[LATTICE, LATTICE]``.
        rows: where it is read, in nodes.
        columns: likewise.

    Shape:
        returns the shape of ``rows``.
    """
    y, x = ((each % LATTICE).astype(np.float32) for each in (rows, columns))
    return cv2.remap(values, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
