"""How much an edit moves on its own: its optical flow beside the source's."""

from __future__ import annotations

import torch
from torch import Tensor


class MotionMeter:
    """Gathers the mean length of the edited frames' flow less the source's, where a weight says.

    An effect that lies still on its scene moves as the source does: 0. Flames that rise on a still wall move by as much as the
    estimator sees them rise. Flicker is taken for motion too, as no estimator can follow it; so the figure says what an edit
    does with its coherence (warp error) and is not better for being large or small.
    """

    def __init__(self) -> None:
        self._length = self._weight = 0.0

    def add(self, source: Tensor, edited: Tensor, weight: Tensor) -> None:
        """Compare some flows.

        Args:
            source: between neighbouring frames of the source, in any unit.
            edited: between the same frames after the edit, in the same unit.
            weight: how much a pixel counts, 0 or more; 0 where the source's flow cannot be trusted.

        Shape:
            ``source``, ``edited``: ``[N, 2, H, W]``; ``weight``: ``[N, 1, H, W]``.
        """
        length = (edited - source).square().sum(1, keepdim=True).sqrt()
        # where, not a product: an untrusted flow may not be finite
        counted = torch.where(weight > 0, length * weight, torch.zeros_like(length))
        self._length += float(counted.double().sum())
        self._weight += float(weight.double().sum())

    @property
    def mean(self) -> float | None:
        """In the unit of the flows, for a pair of frames; None where no pixel counts."""
        return self._length / self._weight if self._weight else None
