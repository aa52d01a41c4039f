"""Whether edits hold together in time: warp errors beside the source's, and the borders of windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from soundini.evaluation.clips import EvaluationClip, read_clip
from soundini.evaluation.recordings import loudest_stretch, paths_of
from soundini.evaluation.subject import Subject
from soundini.events import EditDone, ItemMeasured

PART = "coherence"


@dataclass(frozen=True)
class CoherenceFigures:
    """One edit of several windows.

    Args:
        clip: name of the clip.
        sound: class of the sound.
        source: warp error of the source in the region, on [-1, 1].
        edited: warp error of the edit there; a pixel counts by the scene's motion or the effect's, whichever fits better.
        border: mean change of the edit across borders of windows, grey levels.
        elsewhere: the same between all other neighbours.
    """

    clip: str
    sound: str
    source: float
    edited: float
    border: float
    elsewhere: float


def evaluate_coherence(subject: Subject) -> Iterator[ItemMeasured]:
    """Edit the beginning of some clips by one held-out recording of each class, at its true class, steadily loud.

    Yields:
        :class:`ItemMeasured` with the fields of :class:`CoherenceFigures`.
    """
    settings = subject.settings
    clips = subject.spread_clips(settings.coherence_clips)
    common = {"part": PART, "frames": settings.coherence_frames} | subject.edits_depend_on()
    total, done = len(clips) * len(settings.loudness_sounds), 0
    for sound in settings.loudness_sounds:
        path = paths_of(subject.recordings, sound)[0]
        for clip in clips:
            done += 1
            what = {**common, "clip": clip.model_dump(), "sound": sound, "recording": path}
            edit = partial(_edit, subject, clip, sound, path)
            yield ItemMeasured(PART, done, total, subject.item(edit, what))


def _edit(subject: Subject, clip: EvaluationClip, sound: str, path: str) -> CoherenceFigures:
    count = subject.settings.coherence_frames
    frames, masks, rate = read_clip(clip, subject.clips_folder, count)
    heard, start = loudest_stretch(subject.data / path, count / rate)
    recipe = subject.recipe_for(
        clip, sound, f"sound.offset={-start}", "sound.loop=true", "sound.envelope=off"
    )
    end: EditDone | None = None
    for event in subject.editor.stream(frames, heard, mask=masks, frame_rate=rate, recipe=recipe):
        if isinstance(event, EditDone):
            end = event
    assert end is not None
    temporal, seams = end.temporal, end.seams
    return CoherenceFigures(
        clip=clip.name,
        sound=sound,
        source=temporal.source if temporal is not None else 0.0,
        edited=temporal.edited if temporal is not None else 0.0,
        border=seams.border if seams is not None else 0.0,
        elsewhere=seams.elsewhere if seams is not None else 0.0,
    )
