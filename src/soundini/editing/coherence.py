"""Measures the coherence of an edit: its warp error from frame to frame, beside the source's."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from soundini.events import TemporalFigures
from soundini.flow.pairs import FlowPairs
from soundini.flow.warp_error import visible_share, warp_error


@dataclass(frozen=True)
class WarpSums:
    """Sums of the warp errors of neighbouring frames, and the number of pairs."""

    source: float = 0.0
    edited: float = 0.0
    pairs: int = 0


def warp_sums(
    source: Tensor,
    edited: Tensor,
    pairs: FlowPairs,
    mask: Tensor,
    effect: FlowPairs | None = None,
) -> WarpSums:
    """Measure neighbouring frames.

    Both videos are measured by the same flow, the source's, at the model's resolution, inside the mask and where
    nothing is occluded. Where the effect moves by itself, a pixel of the edit counts by the motion that it fits better.

    Shape:
        ``source``, ``edited``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; ``pairs``: of ``T - 1`` pairs.
    """
    if len(source) < 2:
        return WarpSums()
    seen = visible_share(pairs, mask) > 0
    return WarpSums(
        float(warp_error(source, pairs, mask)[seen].sum()),
        float(warp_error(edited, pairs, mask, effect)[seen].sum()),
        int(torch.count_nonzero(seen)),
    )


class CoherenceMeter:
    """Gathers warp errors over the windows of an edit."""

    def __init__(self) -> None:
        self._source = self._edited = 0.0
        self._pairs = 0

    def add(self, sums: WarpSums) -> None:
        """Add the sums of a window."""
        self._source += sums.source
        self._edited += sums.edited
        self._pairs += sums.pairs

    def figures(self) -> TemporalFigures | None:
        """The means, or None where no pair could be measured."""
        if self._pairs == 0:
            return None
        return TemporalFigures(self._source / self._pairs, self._edited / self._pairs, self._pairs)
