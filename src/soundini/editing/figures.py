"""Figures of an edit, taken as its frames go by: its warp error beside the source's, and how visible its window borders are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from soundini.editing.plan import Window
from soundini.events import SeamFigures, TemporalFigures
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


def border_pairs(windows: Sequence[Window]) -> frozenset[int]:
    """Pairs of frames (i - 1, i), named by i, over which one window gives way to the next.

    Those are the pairs of which a frame lies in the overlap, where the windows are cross-faded; without an overlap, the one
    pair that the border parts.
    """
    return frozenset(
        i for before, after in pairwise(windows) for i in range(after.start, before.stop + 1)
    )


class SeamMeter:
    """Compares, as frames go by, how much the edit changes across the borders of windows and elsewhere.

    What the edit adds to frame i is c_i = edited_i - source_i. A pair's change is the mean of |c_i - c_(i-1)| over the channels
    and the pixels of the region, weighted by the mean of both masks. The seam is the mean over the pairs across borders
    divided by the mean over all others: 1 where a border changes no more than the rest. Pairs that show no edit in either frame
    are left out. One frame is held.

    Args:
        windows: the plan.
    """

    def __init__(self, windows: Sequence[Window]) -> None:
        self._borders = border_pairs(windows)
        self._sums = {True: 0.0, False: 0.0}
        self._pairs = {True: 0, False: 0}
        self._before: tuple[np.ndarray, np.ndarray] | None = None

    def add(self, index: int, source: np.ndarray, edited: np.ndarray, mask: np.ndarray) -> None:
        """Take the next finished frame.

        Args:
            index: number of the frame in the edited part.
            source: native frame, ``uint8``.
            edited: the same frame edited.
            mask: in [0, 1].

        Shape:
            ``source``, ``edited``: ``[H, W, 3]``; ``mask``: ``[H, W]``.
        """
        change = edited.astype(np.int16) - source
        if self._before is not None:
            last, last_mask = self._before
            weight = (mask + last_mask) / 2
            seen = weight > 0
            if (change[seen] != 0).any() or (last[seen] != 0).any():
                moved = np.abs(change[seen] - last[seen]).mean(-1)
                border = index in self._borders
                self._sums[border] += float(np.average(moved, weights=weight[seen]))
                self._pairs[border] += 1
        self._before = change, mask

    def figures(self) -> SeamFigures | None:
        """The means in grey levels (0 to 255), or None where there is no border or nothing to compare it to."""
        if not all(self._pairs.values()):
            return None
        return SeamFigures(
            self._sums[True] / self._pairs[True],
            self._sums[False] / self._pairs[False],
            self._pairs[True],
        )
