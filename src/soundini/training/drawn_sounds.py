"""Sounds drawn for training: recordings as they may be met (two at once, coloured, muffled, with hiss), and tones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.joint.spectrogram import MelConfig, mel_power
from soundini.training.classes import CLASSES, NONE
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
_SECONDS = (1.5, 5.0)
_PITCH_HZ = (80.0, 3000.0)

_PURE = 0.4
"""Share of the tones without overtones."""


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
    """Recordings of one class alone, by class and group."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        groups: dict[int, dict[str, list[Recording]]] = {}
        for recording in (r for r in recordings if r.also is None):
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


def draw_tones(count: int, rng: np.random.Generator) -> list[DrawnSound]:
    """Draw tones: up to four voices, most with overtones, steady, gliding or struck again and again, over a little hiss.

    Args:
        count: how many.
        rng: what decides.
    """
    rate, drawn = MelConfig().sample_rate, []
    for _ in range(count):
        samples = _tone(rng, rate)
        samples = samples / np.abs(samples).max() * 10 ** (rng.uniform(-15, 0) / 20)
        samples = samples + 10 ** (rng.uniform(-90, -50) / 20) * rng.standard_normal(len(samples))
        drawn.append(without_effect(samples))
    return drawn


def without_effect(samples: np.ndarray) -> DrawnSound:
    """A made sound that is of no effect, from its samples at the front end's rate, ``[samples]``."""
    power = mel_power(torch.from_numpy(samples).float(), MelConfig())
    return DrawnSound(power, _one_hot(CLASSES.index(NONE)))


def _tone(rng: np.random.Generator, rate: int) -> np.ndarray:
    time = np.arange(round(rng.uniform(*_SECONDS) * rate)) / rate
    lowest = np.exp(rng.uniform(*np.log(_PITCH_HZ)))
    voices = [lowest * 2 ** (rng.integers(0, 20) / 12) for _ in range(rng.integers(1, 5))]
    glide = rng.uniform(-1, 1) * (rng.random() < 0.3)  # octaves over the whole
    wobble = rng.uniform(0, 0.01) * np.sin(2 * np.pi * rng.uniform(3, 8) * time)
    cycles = np.cumsum(2 ** (glide * time / time[-1]) * (1 + wobble)) / rate
    steepness = rng.uniform(0.7, 3)
    total = np.zeros_like(time)
    overtones = 1 if rng.random() < _PURE else int(rng.integers(2, 12))
    for pitch in voices:
        for overtone in range(1, overtones + 1):
            if pitch * overtone * 2 ** max(glide, 0) < rate / 2:
                phase = rng.uniform(0, 2 * np.pi)
                total += overtone**-steepness * np.sin(
                    2 * np.pi * pitch * overtone * cycles + phase
                )
    return total * _envelope(rng, time)


def _envelope(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Steady, struck and dying away, or on and off, with edges of some milliseconds."""
    kind, every = rng.integers(3), rng.uniform(0.15, 1.5)
    since = time % every
    edge = np.clip(since / rng.uniform(0.003, 0.05), 0, 1)
    if kind == 0:
        return np.clip(np.minimum(time, time[-1] - time) / 0.05, 0, 1)
    if kind == 1:
        return edge * np.exp(-since / rng.uniform(0.05, 0.8))
    return edge * np.clip((rng.uniform(0.3, 0.8) * every - since) / 0.01, 0, 1)
