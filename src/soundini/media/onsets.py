"""Onsets of a sound: the moments at which its loudness rises sharply."""

from __future__ import annotations

import numpy as np

from soundini.media.envelope import envelope, full_level
from soundini.media.sound import Sound

_STEP = 0.02
"""Seconds between two measurements of the loudness."""

_LEAST = 0.3
"""Rise that counts as an onset, as a share of the sound's largest."""

_APART = 0.2
"""Least seconds between two onsets."""


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
