"""Sounds drawn from recordings as they may be met: two at once, coloured, muffled and with hiss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.training.classes import CLASSES
from soundini.training.recordings import Recording

DRAWN_COLUMNS = 216
"""Columns of a drawn sound, 5.0 s; recordings that are shorter give what they have."""

_SHORTEST = 60
"""Columns (1.4 s) that two recordings must have in common to be mixed."""

_APART_DB = 6.0
"""Two sounds at once differ by at most this much in level."""

TOGETHER = (
    ("rain", "thunderstorm"),
    ("rain", "snow_wind"),
    ("thunderstorm", "snow_wind"),
    ("fire", "snow_wind"),
    ("fire", "rain"),
    ("sea", "snow_wind"),
    ("sea", "rain"),
    ("sea", "thunderstorm"),
    ("explosion", "fire"),
)
"""Classes that are often heard at once."""

_COLOUR_DB = 3.0
"""Deviation of the curve by which a spectrum is coloured."""

_MUFFLED = 0.15
"""Share of the sounds whose treble is 40 dB down, as by a wall or a codec."""


@dataclass(frozen=True, eq=False)
class DrawnSound:
    """One drawn sound.

    Args:
        power: mel power.
        target: distribution over :data:`soundini.training.classes.CLASSES`.

    Shape:
        ``power``: ``[n_mels, columns]``; ``target``: ``[classes]``.
    """

    power: Tensor
    target: Tensor


def draw_sounds(
    recordings: Sequence[Recording], count: int, rng: np.random.Generator, mixed: float = 0.5
) -> list[DrawnSound]:
    """Draw sounds; every class is drawn equally often, and so is every group of it.

    Two sounds that are heard at once each count by the root of their power.

    Args:
        recordings: where they come from.
        count: how many.
        rng: what decides.
        mixed: share of the sounds in which a recording of another class is heard as well.
    """
    pools, drawn = _Pools(recordings), []
    for _ in range(count):
        one, *others = rng.permutation(pools.kinds).tolist()
        power, target = pools.stretch(one, rng), _one_hot(one)
        if others and rng.random() < mixed:
            other, apart_db = pools.stretch(others[0], rng), rng.uniform(-_APART_DB, _APART_DB)
            if min(power.shape[1], other.shape[1]) >= _SHORTEST:
                power = _mixed(power, other, apart_db)
                target = _both(one, others[0], apart_db)
        drawn.append(DrawnSound(_coloured(power, rng), target))
    return drawn


def draw_pairs(
    recordings: Sequence[Recording], count: int, rng: np.random.Generator
) -> list[DrawnSound]:
    """Draw two sounds at once of classes that are often heard together, as rain and thunder are; each pair equally often.

    Args:
        recordings: where they come from; pairs with a class that they lack are not drawn.
        count: how many, at most: recordings too short to be mixed are passed over.
        rng: what decides.
    """
    pools, drawn = _Pools(recordings), []
    numbers = [(CLASSES.index(one), CLASSES.index(two)) for one, two in TOGETHER]
    known = [pair for pair in numbers if set(pair) <= set(pools.kinds)]
    for _ in range(count if known else 0):
        one, two = known[rng.integers(len(known))]
        first, second = pools.stretch(one, rng), pools.stretch(two, rng)
        apart_db = rng.uniform(-_APART_DB, _APART_DB)
        if min(first.shape[1], second.shape[1]) >= _SHORTEST:
            power = _coloured(_mixed(first, second, apart_db), rng)
            drawn.append(DrawnSound(power, _both(one, two, apart_db)))
    return drawn


class _Pools:
    """Recordings by class and group."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        groups: dict[int, dict[str, list[Recording]]] = {}
        for recording in recordings:
            groups.setdefault(recording.kind, {}).setdefault(recording.group, []).append(recording)
        self._groups = {kind: list(groups[kind].values()) for kind in sorted(groups)}
        self.kinds = list(self._groups)

    def stretch(self, kind: int, rng: np.random.Generator) -> Tensor:
        """Up to :data:`DRAWN_COLUMNS` of a recording of any group of a class."""
        groups = self._groups[kind]
        group = groups[rng.integers(len(groups))]
        power = group[rng.integers(len(group))].power
        first = int(rng.integers(max(1, power.shape[1] - DRAWN_COLUMNS + 1)))
        return power[:, first : first + DRAWN_COLUMNS]


def _one_hot(kind: int) -> Tensor:
    return torch.eye(len(CLASSES))[kind]


def _both(one: int, two: int, apart_db: float) -> Tensor:
    """What is heard of two sounds, the first ``apart_db`` above the second."""
    share = 1 / (1 + 10 ** (-apart_db / 20))
    return share * _one_hot(one) + (1 - share) * _one_hot(two)


def _mixed(one: Tensor, two: Tensor, apart_db: float) -> Tensor:
    """Both at once as long as both last, the first ``apart_db`` above the second, as loud in all as the first was."""
    columns = min(one.shape[1], two.shape[1])
    one, two = one[:, :columns], two[:, :columns]
    level = one.mean()
    ratio = 10 ** (apart_db / 10)
    together = ratio * one / level.clamp_min(1e-9) + two / two.mean().clamp_min(1e-9)
    return together * level / (ratio + 1)


def _coloured(power: Tensor, rng: np.random.Generator) -> Tensor:
    """Colour the spectrum, make it louder or quieter, and add hiss."""
    bands = power.shape[0]
    curve = torch.from_numpy(rng.normal(0, _COLOUR_DB, 7)).float()[None, None]
    colour_db = F.interpolate(curve, bands, mode="linear", align_corners=True)[0, 0]
    colour_db = colour_db + rng.uniform(-12, 3)
    if rng.random() < _MUFFLED:
        above = torch.arange(bands) - rng.uniform(0.5, 1) * bands
        colour_db = colour_db + 20 * torch.sigmoid(-above / 2).clamp_min(0.01).log10()
    hiss = 10 ** (rng.uniform(-9, -5.5))
    noise = hiss * torch.from_numpy(rng.exponential(size=tuple(power.shape))).float()
    return power * 10 ** (colour_db / 10)[:, None] + noise
