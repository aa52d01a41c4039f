"""The figures of one edit, and their form on disk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from soundini.events import TemporalFigures
from soundini.metrics.statistics import peak_alignment, rank_correlation

_INFINITE = "inf"
"""JSON has no number for it."""


@dataclass(frozen=True)
class EditMeasures:
    """Figures of an edit beside its source.

    Args:
        sound: class of the sound that the judge is asked for, or both of one that turns: ``fire-to-rain``.
        region: frame-to-frame warp error in the region, by the source's flow.
        whole: the same over the whole frame.
        motion: how much the edit moves on its own: mean length of the edited frames' flow less the source's, in the region, as
            a share of the frame's shorter side and a frame; see :class:`soundini.metrics.meters.MotionMeter`.
        similarity: mean cosine of the judge's features of the region in neighbouring frames: of the source, of the edit.
        psnr_outside: decibels outside the mask; infinite where nothing differs, None where the mask leaves nothing.
        ssim_outside: at most 1.
        perceptual: name of the perceptual distance: ``lpips-vgg16`` where its weights are there, else an ImageNet network's.
        perceptual_outside: mean of that distance outside the mask, the region blanked in both; 0 where nothing differs.
        loudness: envelope of the sound at each frame, 0 to 1.
        change: mean absolute change of each frame in the region, 0 to 1.
        before: probability of the sound in the region of each source frame, by the judge; None where the mask is empty. Of a
            sound that turns, of either class.
        after: the same after the edit.
        turn: of a sound that turns, the probability of its second class less that of its first, after the edit; else empty.
        joint_score: mean cosine, in the joint space, of the region and the sound heard with it: of the source, of the edit. The
            edit was guided by that very space (the paper's CLIP score is such a figure): it compares nothing.
    """

    sound: str
    region: TemporalFigures | None
    whole: TemporalFigures | None
    motion: float | None
    similarity: tuple[float | None, float | None]
    psnr_outside: float | None
    ssim_outside: float | None
    perceptual: str
    perceptual_outside: float | None
    loudness: list[float]
    change: list[float]
    before: list[float | None]
    after: list[float | None]
    turn: list[float | None]
    joint_score: tuple[float | None, float | None]

    def record(self) -> dict[str, Any]:
        """The figures as JSON values; :meth:`of_record` reads them back."""
        content = asdict(self)
        if content["psnr_outside"] == math.inf:
            content["psnr_outside"] = _INFINITE
        return content

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> EditMeasures:
        """Figures from the JSON values of :meth:`record`."""
        content: dict[str, Any] = dict(record)
        for name in ("region", "whole"):
            content[name] = TemporalFigures(**content[name]) if content[name] else None
        if content["psnr_outside"] == _INFINITE:
            content["psnr_outside"] = math.inf
        for name in ("similarity", "joint_score"):
            content[name] = tuple(content[name])
        return cls(**content)

    @property
    def probability(self) -> tuple[float, float]:
        """Mean probability of the sound before and after."""
        before, after = (
            np.mean([p for p in c if p is not None]) for c in (self.before, self.after)
        )
        return float(before), float(after)

    @property
    def follows_loudness(self) -> float:
        """Rank correlation of loudness and change; 0 where either never changes."""
        return rank_correlation(np.array(self.loudness), np.array(self.change))

    @property
    def follows_turn(self) -> float | None:
        """Rank correlation of :attr:`turn` with time, over which the sound turns evenly; None where it does not turn."""
        known = [(time, value) for time, value in enumerate(self.turn) if value is not None]
        return rank_correlation(*np.array(known).T) if known else None

    @property
    def peaks_align(self) -> float | None:
        """AV-Align of loudness and change, see :func:`soundini.metrics.statistics.peak_alignment`."""
        return peak_alignment(np.array(self.loudness), np.array(self.change))
