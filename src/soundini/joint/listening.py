"""From what the sound network says over time to what is heard at each moment: pooled over up to ten seconds of one sound."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

STRIDE = 8
"""Columns of the spectrogram in one step."""

BANDS = 6
"""Bands in which loudness is followed; all of them together are one more."""

LAGS = (1, 3, 8, 20)
"""Steps over which loudness is compared: 0.19 to 3.7 s."""

LEVEL_FEATURES = (BANDS + 1) * (3 + len(LAGS)) + BANDS
"""Numbers that :func:`pool_steps` makes of loudness."""

_FLOOR = 1e-8
"""Of mel power: -80 dB."""


@dataclass(frozen=True, eq=False)
class Steps:
    """A sound in steps of eight columns of its spectrogram.

    Args:
        features: of the sound network.
        levels: of each band, low to high, and of all together, in decibels.

    Shape:
        ``features``: ``[D, steps]``; ``levels``: ``[BANDS + 1, steps]``.
    """

    features: Tensor
    levels: Tensor

    def __len__(self) -> int:
        return self.features.shape[1]

    def to(self, device: torch.device) -> Steps:
        """The same on another device."""
        return Steps(self.features.to(device), self.levels.to(device))

    def part(self, start: int, stop: int) -> Steps:
        """Steps ``start`` to ``stop - 1``."""
        return Steps(self.features[:, start:stop], self.levels[:, start:stop])


def step_levels(power: Tensor) -> Tensor:
    """Mean level of each band in each whole step: ``[..., n_mels, columns]`` of mel power -> ``[..., BANDS + 1, steps]``, dB."""
    count = power.shape[-1] // STRIDE
    steps = power[..., : count * STRIDE].unflatten(-1, (count, STRIDE)).mean(-1)
    bands = [part.sum(-2) for part in (*steps.tensor_split(BANDS, dim=-2), steps)]
    return 10 * (torch.stack(bands, -2) + _FLOOR).log10()


def pool_steps(features: Tensor, levels: Tensor) -> Tensor:
    """Sum up some steps: mean, deviation and maximum of the features, and how loudness goes up and down.

    Of each band's level: its deviation, its peak over the median, the median over its least, and the root mean square change
    over each of :data:`LAGS`; and how much of all power is in the band. Where there are too few steps for a lag, its change is
    that of independent levels, sqrt(2) times the deviation.

    Shape:
        ``features``: ``[..., D, steps]``; ``levels``: ``[..., BANDS + 1, steps]``; returns
        ``[..., 3 D + LEVEL_FEATURES]``.
    """
    spread = levels.std(-1, unbiased=False)
    median = levels.median(-1).values
    changes = [
        (levels[..., lag:] - levels[..., :-lag]).square().mean(-1).sqrt()
        if levels.shape[-1] > lag
        else 2**0.5 * spread
        for lag in LAGS
    ]
    mean = levels.mean(-1)
    parts = (
        *(features.mean(-1), features.std(-1, unbiased=False), features.amax(-1)),
        *(spread, levels.amax(-1) - median, median - levels.amin(-1), *changes),
        mean[..., :-1] - mean[..., -1:],
    )
    return torch.cat(parts, -1)


def pool_around(steps: Steps, length: int, segments: list[int] | None = None) -> Tensor:
    """Sum up ``length`` steps around each step; less at the ends, and at the borders of segments.

    Args:
        steps: the sound.
        length: how many steps, at least 1.
        segments: first steps of the segments, rising, 0 first; None for one segment.

    Shape:
        returns ``[len(steps), F]``.
    """
    starts = [*(segments or [0]), len(steps)]
    pooled: list[Tensor] = []
    known: dict[tuple[int, int], Tensor] = {}
    for start, stop in pairwise(starts):
        for step in range(start, stop):
            # A context that would reach beyond the segment is moved, so that it keeps its length where there is room.
            first = max(start, min(step - length // 2, stop - length))
            last = min(stop, first + length)
            if (first, last) not in known:
                part = steps.part(first, last)
                known = {(first, last): pool_steps(part.features, part.levels)}
            pooled.append(known[first, last])
    return torch.stack(pooled)


def segment_steps(log_shares: Tensor, penalty: float) -> list[int]:
    """Cut a sound where it turns from one class into another, by the likeliest path (Viterbi 1967).

    Args:
        log_shares: log probability of each class in a short window around each step.
        penalty: what a turn costs, in the same unit summed over the steps.

    Returns:
        The first step of each segment; 0 comes first.

    Shape:
        ``log_shares``: ``[steps, classes]``.
    """
    score, come_from = log_shares[0], []
    for row in log_shares[1:]:
        best = int(score.argmax())
        stay = score >= score[best] - penalty
        come_from.append(torch.where(stay, torch.arange(len(score)), best))
        score = torch.maximum(score, score[best] - penalty) + row
    path = [int(score.argmax())]
    for before in reversed(come_from):
        path.append(int(before[path[-1]]))
    path.reverse()
    return [0, *(i for i in range(1, len(path)) if path[i] != path[i - 1])]


def sharpen(features: Tensor, segments: list[int], reach: int) -> list[int]:
    """Move each border to where the features themselves change most: both sides together vary least around their means.

    The windows that :func:`segment_steps` sees blur a turn by their length.

    Args:
        features: of every step.
        segments: first steps.
        reach: by how many steps a border moves at most; twice that is looked at on either side.

    Shape:
        ``features``: ``[D, steps]``.
    """
    moved = [0]
    for number, border in enumerate(segments[1:], 1):
        end = segments[number + 1] if number + 1 < len(segments) else features.shape[1]
        low = max(moved[-1], border - 2 * reach)
        high = min(end, border + 2 * reach)
        part = features[:, low:high]
        part = part / part.std(1, unbiased=False, keepdim=True).clamp_min(1e-6)
        candidates = range(max(low + 1, border - reach), min(high, border + reach + 1))
        costs = {
            at: _variation(part[:, : at - low]) + _variation(part[:, at - low :])
            for at in candidates
        }
        moved.append(min(costs, key=costs.__getitem__, default=border))
    return moved


def smooth(shares: Tensor, length: int) -> Tensor:
    """Running mean of ``length`` (odd) steps, ends repeated: ``[steps, classes]``."""
    half = length // 2
    padded = F.pad(shares.T[None], (half, half), mode="replicate")
    return F.avg_pool1d(padded, length, stride=1)[0].T


def _variation(part: Tensor) -> float:
    return float((part - part.mean(1, keepdim=True)).square().sum())
