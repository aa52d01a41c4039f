"""Pools the sound network's features over time: at each moment, over up to ten seconds of one kind of sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.joint.texture import TEXTURE_FEATURES, band_power, sound_texture

STRIDE = 8
"""Columns of the spectrogram in one step."""

BANDS = 6
"""Bands whose level is measured, besides the level of all together."""

LAGS = (1, 3, 8, 20)
"""Distances in steps over which levels are compared: 0.19 to 3.7 s."""

LEVEL_FEATURES = (BANDS + 1) * (3 + len(LAGS)) + BANDS
"""Numbers that :func:`pool_steps` makes of loudness."""


def pooled_width(width: int) -> int:
    """How many numbers :func:`pool_steps` makes for a sound network with ``width`` features a step."""
    return 3 * width + LEVEL_FEATURES + TEXTURE_FEATURES


_AT_ONCE = 64
"""Contexts that are pooled at once."""

_FLOOR = 1e-8
"""Least mel power: -80 dB."""


@dataclass(frozen=True, eq=False)
class Steps:
    """A sound, or several of one length, in steps of eight columns of its spectrogram.

    Args:
        features: of the sound network.
        levels: of each band, low to high, and of all together, in decibels.
        bands: power of narrower bands in every column, see :func:`soundini.joint.texture.band_power`.

    Shape:
        ``features``: ``[..., D, steps]``; ``levels``: ``[..., BANDS + 1, steps]``; ``bands``:
        ``[..., TEXTURE_BANDS, steps * STRIDE]``.
    """

    features: Tensor
    levels: Tensor
    bands: Tensor

    @classmethod
    def of(cls, features: Tensor, power: Tensor) -> Steps:
        """Combine the features of a sound with the levels and bands of its mel power.

        Shape:
            ``features``: ``[..., D, steps]``; ``power``: ``[..., n_mels, columns]``, columns // STRIDE steps of it.
        """
        columns = features.shape[-1] * STRIDE
        return cls(features, step_levels(power), band_power(power[..., :columns]))

    def __len__(self) -> int:
        return self.features.shape[-1]

    def to(self, device: torch.device) -> Steps:
        """The same on another device."""
        return Steps(self.features.to(device), self.levels.to(device), self.bands.to(device))

    def part(self, start: int, stop: int) -> Steps:
        """Steps ``start`` to ``stop - 1``."""
        return Steps(
            self.features[..., start:stop],
            self.levels[..., start:stop],
            self.bands[..., start * STRIDE : stop * STRIDE],
        )

    def parts(self, starts: Sequence[int], count: int) -> Steps:
        """``count`` steps from each start on, as sounds of one length, along a new first axis."""
        parts = [self.part(start, start + count) for start in starts]
        return Steps(
            torch.stack([part.features for part in parts]),
            torch.stack([part.levels for part in parts]),
            torch.stack([part.bands for part in parts]),
        )


def step_levels(power: Tensor) -> Tensor:
    """Mean level of each band in each whole step: ``[..., n_mels, columns]`` of mel power -> ``[..., BANDS + 1, steps]``, dB."""
    count = power.shape[-1] // STRIDE
    steps = power[..., : count * STRIDE].unflatten(-1, (count, STRIDE)).mean(-1)
    bands = [part.sum(-2) for part in (*steps.tensor_split(BANDS, dim=-2), steps)]
    return 10 * (torch.stack(bands, -2) + _FLOOR).log10()


def pool_steps(steps: Steps) -> Tensor:
    """Pool some steps: mean, deviation and maximum of the features, statistics of the levels, and the texture.

    For the level of each band: its deviation, its peak over the median, the median over its minimum, the root mean square
    change over each of :data:`LAGS`, and the band's share of all power. If there are too few steps for a lag, its change is
    that of independent levels, sqrt(2) times the deviation.

    Shape:
        returns ``[..., F]``, :func:`pooled_width` numbers of each sound.
    """
    features, levels = steps.features, steps.levels
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
        sound_texture(steps.bands),
    )
    return torch.cat(parts, -1)


def pool_around(steps: Steps, length: int, segments: list[int] | None = None) -> Tensor:
    """Pool ``length`` steps around each step; fewer at the ends and at the borders of segments.

    Args:
        steps: the sound.
        length: how many steps, at least 1.
        segments: first steps of the segments, rising, 0 first; None for one segment.

    Shape:
        returns ``[len(steps), F]``.
    """
    starts = [*(segments or [0]), len(steps)]
    contexts: list[tuple[int, int]] = []
    for start, stop in pairwise(starts):
        for step in range(start, stop):
            # A context that would reach beyond the segment is moved, so that it keeps its length if there is room.
            first = max(start, min(step - length // 2, stop - length))
            contexts.append((first, min(stop, first + length)))
    by_length: dict[int, list[int]] = {}
    for first, last in dict.fromkeys(contexts):
        by_length.setdefault(last - first, []).append(first)
    known: dict[tuple[int, int], Tensor] = {}
    for count, firsts in by_length.items():
        for at in range(0, len(firsts), _AT_ONCE):
            some = firsts[at : at + _AT_ONCE]
            pooled = pool_steps(steps.parts(some, count))
            known |= {(first, first + count): row for first, row in zip(some, pooled, strict=True)}
    return torch.stack([known[context] for context in contexts])


def segment_steps(log_shares: Tensor, penalty: float) -> list[int]:
    """Cut a sound where it turns from one class into another, by the likeliest path (Viterbi 1967).

    Args:
        log_shares: log probability of each class in a short window around each step.
        penalty: cost of a turn, in log probability summed over the steps.

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
    """Move each border to where the features change most: where both sides vary least around their means.

    The windows of :func:`segment_steps` blur a turn by their length.

    Args:
        features: of every step.
        segments: first steps.
        reach: most steps by which a border moves; twice as many are examined on either side.

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
