"""What edits show, by the judge: every clip by every sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from soundini.config.recipe import SoundConfig
from soundini.editing.sound_track import lay_sound
from soundini.evaluation.clips import EvaluationClip, read_clip
from soundini.evaluation.recordings import loudest_stretch, paths_of
from soundini.evaluation.shown import save_shown
from soundini.evaluation.subject import Subject, joint_of
from soundini.events import ItemMeasured
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.joint.naming import mean_names
from soundini.media.sound import Sound
from soundini.metrics.meters import detail_kept

PART = "edits"


@dataclass(frozen=True)
class EditFigures:
    """One edit, judged frame by frame in its region.

    Args:
        clip: name of the clip.
        sound: class of the sound.
        recording: path of the recording, within the data folder.
        heard_as: class that the joint space hears in it, on average over the frames.
        before: probability of the sound's class in each source frame.
        after: the same in each edited frame.
        taken_for: class that is likeliest in the edited frames, on average.
        kept: correlation of fine luminance before and after, see :func:`soundini.metrics.meters.detail_kept`.
        shown: file of the frames for sheets, within the run's folder.
    """

    clip: str
    sound: str
    recording: str
    heard_as: str
    before: list[float]
    after: list[float]
    taken_for: str
    kept: float
    shown: str

    @property
    def rise(self) -> float:
        """By how much the probability rises, mean over the frames."""
        return float(np.mean(self.after) - np.mean(self.before))


def evaluate_edits(subject: Subject) -> Iterator[ItemMeasured]:
    """Edit the beginning of every clip by a held-out recording of every class, at its true class.

    Clip k is edited by recording k of the class, counted round, at the recording's loudest stretch. What the joint space
    takes it for is noted and not used: ``sound.heard_as`` names the class.

    Yields:
        :class:`ItemMeasured` with the fields of :class:`EditFigures`.
    """
    common = {"part": PART, "frames": subject.settings.frames} | subject.edits_depend_on()
    total, done = len(subject.clips) * len(subject.settings.sounds), 0
    for number, clip in enumerate(subject.clips):
        for sound in subject.settings.sounds:
            paths = paths_of(subject.recordings, sound)
            path = paths[number % len(paths)]
            what = {**common, "clip": clip.model_dump(), "sound": sound, "recording": path}
            edit = partial(_edit, subject, clip, sound, path, subject.kept(what))
            done += 1
            yield ItemMeasured(PART, done, total, subject.item(edit, what))


def _edit(subject: Subject, clip: EvaluationClip, sound: str, path: str, shown: str) -> EditFigures:
    frames, masks, rate = read_clip(clip, subject.clips_folder, subject.settings.frames)
    heard, start = loudest_stretch(subject.data / path, len(frames) / rate)
    recipe = subject.recipe_for(clip, sound, f"sound.offset={-start}", "sound.loop=true")
    edited = subject.editor(frames, heard, mask=masks, frame_rate=rate, recipe=recipe).frames
    before, after = (subject.judge.region(f, masks) for f in (frames, edited))
    save_shown(subject.journal.folder / shown, frames, edited, masks)
    column = subject.judge.classes.index(sound)
    return EditFigures(
        clip=clip.name,
        sound=sound,
        recording=path,
        heard_as=_heard_as(heard, len(frames), rate, joint_of(subject.pack), recipe.sound),
        before=before[:, column].tolist(),
        after=after[:, column].tolist(),
        taken_for=subject.judge.classes[int(after.mean(0).argmax())],
        kept=detail_kept(frames, edited, masks),
        shown=shown,
    )


def _heard_as(
    sound: Sound, frames: int, rate: float, joint: EmbeddedJointSpace, config: SoundConfig
) -> str:
    times = [number / rate for number in range(frames)]
    laid = lay_sound(sound, times, frames / rate, joint, config)
    return next(iter(mean_names(joint, laid.heard)))
