"""Measures whether an edit follows its sound: more change where it is louder."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from soundini.editing.prepared import PreparedEdit
from soundini.events import FrameDone
from soundini.geometry import Box
from soundini.media.video_reader import VideoReader
from soundini.metrics.curves import rank_correlation

_FEWEST = 12
"""Least frames for a correlation."""
_FLAT = 0.15
"""Least range of the strength; a sound with less has no rise and fall to follow."""


class FollowMeter:
    """Compares the strength of a sound at each frame with the mean change inside the mask.

    Args:
        edit: the edit, whose masks and video are read again.
    """

    def __init__(self, edit: PreparedEdit) -> None:
        self._strength = edit.track.strength.numpy()
        self._says = len(self._strength) >= _FEWEST and float(np.ptp(self._strength)) >= _FLAT
        self._changes: list[float] = []
        self._frames = _sources(edit)

    def add(self, frame: FrameDone) -> None:
        """Take a finished frame; they come in order."""
        if self._says:
            before, mask, box = next(self._frames)
            self._changes.append(_change(before, frame.rgb, mask, box))

    def close(self) -> None:
        """Stop reading the video."""
        self._frames.close()

    @property
    def correlation(self) -> float | None:
        """Rank correlation, -1 to 1; None for too few frames, for a steady sound, or if frames are missing."""
        if not self._says or len(self._changes) < len(self._strength):
            return None
        return rank_correlation(self._strength, np.array(self._changes))


def _sources(
    edit: PreparedEdit,
) -> Generator[tuple[np.ndarray, np.ndarray, Box | None], None, None]:
    """The source's frames, each with its mask and the covered share."""
    with VideoReader(edit.request.video) as reader:
        frames = reader.frames(edit.first, edit.first + edit.frame_count)
        for frame, mask, box in zip(frames, edit.masks, edit.masks.bounds, strict=True):
            yield frame.rgb, mask, box


def _change(before: np.ndarray, after: np.ndarray, mask: np.ndarray, box: Box | None) -> float:
    """Mean absolute change inside a mask, in grey levels; 0 where it covers nothing."""
    if box is None:
        return 0.0
    inside = (slice(box.y, box.y + box.height), slice(box.x, box.x + box.width))
    change = np.abs(after[inside].astype(np.float32) - before[inside]).mean(-1)
    return float(np.average(change, weights=mask[inside]))
