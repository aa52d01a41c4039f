"""A sound that turns from one recording into another within a clip."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from soundini.demo.sounds import write_wav
from soundini.media.sound import Sound, load_sound, require_audible, resample
from soundini.media.sound_fit import fit_sound
from soundini.media.video_reader import VideoReader

LEAD = 5.0
"""Seconds of each recording by itself before and after the clip, so that what a frame hears reaches into them."""

HEARD = 1.0
"""Seconds of such a sound that a frame hears, where the recipe leaves it to the models: in the ten that these were trained on, a
short clip hears nearly the same throughout."""

_RATE = 44100


def write_turning(path: Path, files: Sequence[Path], video: Path, frames: int) -> None:
    """Write the sound for the beginning of a video; laid :data:`LEAD` seconds early, it turns exactly along it.

    Args:
        path: the WAV file; the same bytes for the same input.
        files: two recordings; one that is too short is repeated.
        video: the video.
        frames: of the video, from its start.

    Raises:
        MediaError: a file cannot be read, or a recording is silent.
    """
    with VideoReader(video) as reader:
        times = [float(time) for time in islice(reader.times(), frames)]
        seconds = times[-1] - times[0] + float(1 / reader.info.frame_rate)
    sounds = []
    for file in files:
        sounds.append(load_sound(file))
        require_audible(sounds[-1], file)
    write_wav(path, turning_sound(sounds[0], sounds[1], seconds))


def turning_sound(first: Sound, second: Sound, seconds: float) -> Sound:
    """Cross-fade two sounds evenly over a time, with equal power, after both are brought to one loudness.

    m(t) goes from 0 to 1 over the time; the sound is cos(pi m / 2) first + sin(pi m / 2) second.

    Args:
        first: what is heard before, for :data:`LEAD` seconds.
        second: what is heard after, for as long.
        seconds: how long the turn takes, above 0.

    Returns:
        A mono sound of ``2 LEAD + seconds`` at 44.1 kHz with a peak of 0.9.
    """
    length = 2 * LEAD + seconds
    one, two = (_levelled(sound, length) for sound in (first, second))
    time = np.arange(len(one)) / _RATE
    angle = np.pi / 2 * np.clip((time - LEAD) / seconds, 0, 1)
    samples = np.cos(angle) * one + np.sin(angle) * two
    return Sound((0.9 * samples / np.abs(samples).max()).astype(np.float32)[None], _RATE)


def _levelled(sound: Sound, length: float) -> np.ndarray:
    laid = fit_sound(resample(sound.mono(), _RATE), length, loop=True).samples[0]
    return laid / max(float(np.sqrt(np.square(laid).mean())), 1e-9)
