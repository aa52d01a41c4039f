"""How coherent the edit is: its frame-to-frame warp error beside the source's."""

from __future__ import annotations

import torch
from torch import Tensor

from soundini.events import TemporalFigures
from soundini.flow.pairs import FlowPairs
from soundini.flow.warp_error import visible_share, warp_error


class CoherenceMeter:
    """Gathers warp errors over the windows of an edit.

    Both videos are measured by the same flow, the source's, at the model's resolution, inside the mask and where
    nothing is occluded.
    """

    def __init__(self) -> None:
        self._source = self._edited = 0.0
        self._pairs = 0

    def add(self, source: Tensor, edited: Tensor, pairs: FlowPairs, mask: Tensor) -> None:
        """Measure neighbouring frames.

        Shape:
            ``source``, ``edited``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; ``pairs``: of ``T - 1`` pairs.
        """
        if len(source) < 2:
            return
        seen = visible_share(pairs, mask) > 0
        self._source += float(warp_error(source, pairs, mask)[seen].sum())
        self._edited += float(warp_error(edited, pairs, mask)[seen].sum())
        self._pairs += int(torch.count_nonzero(seen))

    def figures(self) -> TemporalFigures | None:
        """The means, or None where no pair could be measured."""
        if self._pairs == 0:
            return None
        return TemporalFigures(self._source / self._pairs, self._edited / self._pairs, self._pairs)
