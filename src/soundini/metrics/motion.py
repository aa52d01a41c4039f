"""How much an edit moves on its own: its optical flow compared with the source's."""

import torch
from torch import Tensor


class MotionMeter:
    """Gathers the weighted mean length of the difference between the edited and the source's flow.

    An effect that is fixed to its scene gives 0. Flames that rise before a still wall give the motion that the estimator
    sees. Flicker counts as motion too. So read the figure together with the warp error; neither a large nor a small value is
    better by itself.
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
        """Mean length, in the unit of the flows; None if no pixel counts."""
        return self._length / self._weight if self._weight else None
