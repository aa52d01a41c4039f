"""How strong a sound is at each moment, by loudness or onsets, smoothed by attack and release; and when it strikes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from soundini.media.loudness import HOP, MOMENT, HopStatistics, Level, LevelMeter
from soundini.media.sound import Sound

_ONSET = 0.06
"""Seconds over which onsets are taken."""
_STEP = 0.02
"""Seconds between two measurements of the loudness."""
_LEAST = 0.3
"""Rise that counts as an onset, as a share of the sound's largest."""
_APART = 0.35
"""Least seconds between two onsets: what strikes with them flashes at most three times a second (WCAG 2.2, 2.3.1)."""


def full_level(sound: Sound) -> Level:
    """Return the peak of a sound and the level that counts as full.

    Both come from the whole recording as the user gave it. So a gain that is applied later changes the effect, and a part is
    as loud as it is within the whole.
    """
    if sound.stretch is not None:
        return sound.stretch.level
    meter = LevelMeter(sound.sample_rate)
    meter.add(sound.samples)
    return meter.level()


def envelope(
    sound: Sound,
    times: Sequence[float],
    *,
    kind: Literal["off", "loudness", "onset"],
    reference: float,
    attack: float = 0.05,
    release: float = 0.4,
    range_db: float = 30.0,
    curve: float = 1.0,
    floor: float = 0.0,
) -> np.ndarray:
    """Return the strength of the effect at each time.

    ``loudness``: (1 + dB / range) ** curve, where 0 dB is ``reference``. ``onset``: the rise of the loudness,
    scaled to its own largest, held by ``release``. ``off``: 1 throughout.

    Args:
        sound: the sound as it is laid along the video.
        times: seconds from the start of ``sound``.
        kind: what is followed.
        reference: level of 0 dB, linear; see :func:`full_level`.
        attack: seconds in which the envelope rises to 63 %.
        release: seconds in which it falls to 37 %.
        range_db: decibels below the reference at which nothing is left.
        curve: exponent of ``loudness``, above 0. With 1.7 and 30 dB, a sound that is 10 dB quieter is half as strong, as it is
            heard to be (Stevens 1955, the sone).
        floor: least value where the sound is not silent.

    Returns:
        float32 in [0, 1].

    Shape:
        returns ``[len(times)]``.
    """
    if kind == "off":
        return np.ones(len(times), np.float32)
    levels = _rms(sound, MOMENT if kind == "loudness" else _ONSET)
    if len(levels) == 0 or reference <= 0:
        return np.zeros(len(times), np.float32)
    decibels = 20 * np.log10(np.maximum(levels, 1e-9) / reference)
    strength = np.clip(1 + decibels / range_db, 0, 1)
    audible = strength > 0
    if kind == "loudness":
        strength = strength**curve
    else:
        rise = np.maximum(np.diff(strength, prepend=0.0), 0)
        strength = rise / max(rise.max(), 1e-9)
    hop_seconds = HOP / sound.sample_rate
    strength = _follow(strength, hop_seconds, attack, release)
    strength = np.where(audible, np.maximum(strength, floor), strength)
    moments = (np.arange(len(levels)) + 0.5) * hop_seconds
    return np.interp(np.asarray(times, float), moments, strength).astype(np.float32)


def _rms(sound: Sound, seconds: float) -> np.ndarray:
    return HopStatistics.of(sound.samples, sound.sample_rate).rms(seconds)


def _follow(values: np.ndarray, step: float, attack: float, release: float) -> np.ndarray:
    """One-pole follower with different times up and down."""
    up = np.exp(-step / attack) if attack > 0 else 0.0
    down = np.exp(-step / release) if release > 0 else 0.0
    out = np.empty_like(values)
    state = values[0]
    for i, value in enumerate(values):
        keep = up if value > state else down
        state = keep * state + (1 - keep) * value
        out[i] = state
    return out


def onset_times(sound: Sound) -> list[float]:
    """Find the onsets of a sound, such as claps of thunder: seconds from its start, rising."""
    moments = np.arange(0, sound.duration, _STEP)
    rise = envelope(
        sound, moments.tolist(), kind="onset", reference=full_level(sound).reference, release=0.1
    )
    found: list[float] = []
    for i in np.flatnonzero(rise > _LEAST):
        peak = rise[i] >= rise[max(0, i - 1)] and (i + 1 == len(rise) or rise[i] > rise[i + 1])
        if peak and (not found or moments[i] - found[-1] >= _APART):
            found.append(float(moments[i]))
    return found
