"""Held-out recordings, and the part of each that an edit hears."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from soundini.errors import MediaError
from soundini.media.sound import Sound, load_sound
from soundini.training.classes import CLASSES
from soundini.training.recordings import Recording

_HOP_SECONDS = 0.05


def paths_of(recordings: Sequence[Recording], name: str) -> list[str]:
    """Paths, within the data folder, of the recordings of a class alone.

    Raises:
        MediaError: there are none.
    """
    found = [r.path for r in recordings if r.kind == CLASSES.index(name) and r.also is None]
    if not found:
        raise MediaError("no recording of {name} is held out; add some to sounds.csv", name=name)
    return found


def loudest_stretch(path: Path, seconds: float) -> tuple[Sound, float]:
    """A recording at a peak of 1, as training hears it, and the second at which its loudest stretch of a length begins.

    A recording may begin with silence, and a clip of a second would hear nothing else.

    Raises:
        MediaError: the recording cannot be read.
    """
    loaded = load_sound(path).mono()
    sound = Sound(loaded.samples / max(loaded.peak, 1e-9), loaded.sample_rate)
    hop = max(1, round(_HOP_SECONDS * sound.sample_rate))
    energy = np.concatenate([[0.0], np.cumsum(sound.samples[0].astype(np.float64) ** 2)])
    length = min(round(seconds * sound.sample_rate), len(energy) - 1)
    starts = np.arange(0, len(energy) - length, hop)
    best = starts[int(np.argmax(energy[starts + length] - energy[starts]))]
    return sound, float(best / sound.sample_rate)
