"""Whether louder means more: edits by a sound that swells and dies away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from soundini.editing.sound_track import lay_strength
from soundini.evaluation.clips import EvaluationClip, read_clip
from soundini.evaluation.recordings import loudest_stretch, paths_of
from soundini.evaluation.subject import Subject
from soundini.events import ItemMeasured
from soundini.media.loudness import HOP, MOMENT, HopStatistics
from soundini.media.sound import Sound
from soundini.media.sound_fit import fit_sound
from soundini.metrics.statistics import rank_correlation

PART = "loudness"

QUIET, LOUD = 0.1, 1.0
"""Gain at both ends, and in the middle."""

RAMP_SECONDS = 8.0
"""Seconds from one end to the other: long beside attack and release, which would blur a faster ramp."""

HEARD_SECONDS = 1.0
"""Length of the stretch of a recording that is heard, again and again."""

_DEEPEST = 0.01
"""Share of a stretch's loudest moment below which it is not raised: 40 decibels."""


@dataclass(frozen=True)
class LoudnessFigures:
    """One edit under a ramp of gain.

    Args:
        clip: name of the clip.
        sound: class of the sound.
        recording: path of the recording, within the data folder.
        gain: at each frame.
        probability: of the sound's class in the region of each edited frame, by the judge.
        change: mean absolute change of each frame's region, 0 to 1.
        strength: of the effect at each frame, which follows the gain by attack and release, 0 to 1.
    """

    clip: str
    sound: str
    recording: str
    gain: list[float]
    probability: list[float]
    change: list[float]
    strength: list[float]

    @property
    def of_strength(self) -> float:
        """Rank correlation of gain and strength: below 1 by what attack and release delay."""
        return rank_correlation(np.array(self.gain), np.array(self.strength))

    @property
    def by_probability(self) -> float:
        """Rank correlation of gain and probability."""
        return rank_correlation(np.array(self.gain), np.array(self.probability))

    @property
    def by_change(self) -> float:
        """Rank correlation of gain and change."""
        return rank_correlation(np.array(self.gain), np.array(self.change))


def gain_ramp(seconds: float) -> list[tuple[float, float]]:
    """Breakpoints of the gain over a clip: time in seconds, factor."""
    return [(0.0, QUIET), (seconds / 2, LOUD), (seconds, QUIET)]


def steady(sound: Sound, start: float, seconds: float = HEARD_SECONDS) -> Sound:
    """A stretch of a sound at one level throughout, so that only the gain makes it louder or quieter.

    Args:
        sound: the recording.
        start: second at which the stretch begins.
        seconds: its length; less where the recording ends before.

    Returns:
        The stretch, divided by its momentary level, at a peak of 1.
    """
    first, length = round(start * sound.sample_rate), round(seconds * sound.sample_rate)
    samples = sound.samples[:, first : first + length]
    levels = HopStatistics.of(samples, sound.sample_rate).rms(MOMENT)
    middles = (np.arange(len(levels)) + 0.5) * HOP
    floor = max(float(levels.max(initial=0.0)) * _DEEPEST, 1e-9)
    level = np.interp(np.arange(samples.shape[1]), middles, np.maximum(levels, floor))
    evened = samples / level.astype(np.float32)
    return Sound(evened / max(float(np.abs(evened).max()), 1e-9), sound.sample_rate)


def evaluate_loudness(subject: Subject) -> Iterator[ItemMeasured]:
    """Edit clips by one held-out recording of each class under a ramp of gain.

    All that changes is the gain: the recording's loudest second is brought to one level and repeated, and the frames are
    neighbours, in which the scene hardly moves, each taken for a later moment of the ramp.

    Yields:
        :class:`ItemMeasured` with the fields of :class:`LoudnessFigures`.
    """
    clips = subject.spread_clips(subject.settings.loudness_clips)
    common = {
        "part": PART,
        "frames": subject.settings.loudness_frames,
        "seconds": RAMP_SECONDS,
    } | subject.edits_depend_on()
    sounds = subject.settings.loudness_sounds
    total, done = len(clips) * len(sounds), 0
    for sound in sounds:
        path = paths_of(subject.recordings, sound)[0]
        for clip in clips:
            done += 1
            what = {**common, "clip": clip.model_dump(), "sound": sound, "recording": path}
            ramp = partial(_ramp, subject, clip, sound, path)
            yield ItemMeasured(PART, done, total, subject.item(ramp, what))


def _ramp(subject: Subject, clip: EvaluationClip, sound: str, path: str) -> LoudnessFigures:
    count = subject.settings.loudness_frames
    frames, masks, _ = read_clip(clip, subject.clips_folder, count)
    rate = count / RAMP_SECONDS
    ramp = gain_ramp(RAMP_SECONDS)
    heard = steady(*loudest_stretch(subject.data / path, HEARD_SECONDS))
    swelling = fit_sound(heard, RAMP_SECONDS, gain=ramp, loop=True)
    recipe = subject.recipe_for(clip, sound)
    edited = subject.editor(frames, swelling, mask=masks, frame_rate=rate, recipe=recipe).frames
    judged = subject.judge.region(edited, masks)
    difference = np.abs(edited.astype(np.float32) - frames).mean(-1) / 255
    times = (np.arange(count) + 0.5) / rate
    _, strength = lay_strength(swelling, times.tolist(), RAMP_SECONDS, recipe.sound)
    return LoudnessFigures(
        clip=clip.name,
        sound=sound,
        recording=path,
        gain=np.interp(times, [at for at, _ in ramp], [gain for _, gain in ramp]).tolist(),
        probability=judged[:, subject.judge.classes.index(sound)].tolist(),
        change=((difference * masks).sum((1, 2)) / masks.sum((1, 2))).tolist(),
        strength=strength.tolist(),
    )
