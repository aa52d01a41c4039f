"""Runs a job of the server: the edit, and the source clip beside its result."""

from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from soundini.editing.files import ModelCache, preparing_edit, run_edit
from soundini.editing.masking import MaskSpool
from soundini.editing.prepared import UNSEEN, PreparedEdit
from soundini.editing.request import SELF, EditRequest, MaskRequest
from soundini.errors import MaskError, SoundiniError, UnheardError
from soundini.events import FileDone, FrameDone, StepDone
from soundini.geometry import Box
from soundini.jobs.run import begin_or_resume, run_job
from soundini.media.sound import Sound
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter
from soundini.metrics.statistics import rank_correlation
from soundini.web.forms.asking import Asked
from soundini.web.jobs.live_job import SOURCE, WORK
from soundini.web.jobs.progress import JobStep, SoundFollowed, WindowShown
from soundini.web.jobs.viewing import write_view

_FEWEST = 12
"""Least frames for a correlation."""
_FLAT = 0.15
"""Least range of the strength; a sound with less has no rise and fall to follow."""


def run_asked(asked: Asked, folder: Path, models: ModelCache) -> Generator[JobStep, None, None]:
    """Run an edit, or resume it; stop iterating to stop it.

    A preview takes seconds and begins anew. An edit of the whole part is resumed where it stopped, to the same bytes.

    Args:
        asked: the edit.
        folder: of the job.
        models: the cache that all jobs share.

    Yields:
        The events of :func:`soundini.editing.files.run_edit`, and the place of each window before its events. At the last,
        the source clip is written too, and a copy of each to play, see :func:`soundini.web.jobs.viewing.write_view`.

    Raises:
        SoundiniError: an input cannot be used, or the disk is full.
    """
    pack = models.open(asked.request)
    if asked.shown is not None:
        try:
            edit = cut_edit((yield from preparing_edit(asked.request, pack)), *asked.shown)
        except UnheardError:
            raise unheard() from None
        yield from _with_source(edit, run_edit(edit), folder)
        return
    job, edit = yield from begin_or_resume(asked.request, folder / WORK, pack)
    with job, closing(edit):
        yield from _with_source(edit, run_job(job, edit), folder)


def _with_source(
    edit: PreparedEdit, work: Generator[JobStep, None, None], folder: Path
) -> Generator[JobStep, None, None]:
    window = None
    with closing(work) as events, closing(FollowMeter(edit)) as meter:
        for event in events:
            if isinstance(event, FrameDone):
                meter.add(event)
            if isinstance(event, StepDone) and event.window != window:
                window = event.window
                yield _shown(edit, window)
            if isinstance(event, FileDone):
                write_source(edit, folder / SOURCE)
                for film in (edit.request.output, folder / SOURCE):
                    write_view(film)
                yield SoundFollowed(meter.correlation)
            yield event


def _shown(edit: PreparedEdit, number: int) -> WindowShown:
    """The frame that a window's previews show, and where in it they lie."""
    window, info = edit.windows[number], edit.info
    box, sampled = window.box, window.sampled
    assert box is not None
    shares = (
        box.x / info.width,
        box.y / info.height,
        box.width / info.width,
        box.height / info.height,
    )
    return WindowShown(edit.first + window.start + sampled[len(sampled) // 2], shares)


def write_source(edit: PreparedEdit, path: Path) -> None:
    """Write the edited part of the source as an MP4, with the frames and times of the result and its own sound."""
    with (
        VideoReader(edit.request.video) as reader,
        VideoWriter(
            path,
            edit.info,
            preset="veryfast",
            audio="source" if edit.info.has_audio else "none",
            audio_source=edit.request.video,
            track=edit.request.recipe.sound.track if edit.request.sound == SELF else 0,
            start=edit.began,
            end=edit.began + edit.times[-1],
        ) as writer,
    ):
        frames = reader.frames(edit.first, edit.first + edit.frame_count)
        for index, frame in enumerate(frames):
            here, there = edit.times[index : index + 2]
            writer.write(frame.rgb, here, there - here)


def load(models: str) -> ModelCache:
    """Load what every edit needs, ahead of the first one."""
    kept = ModelCache()
    with suppress(SoundiniError):  # a job will tell
        kept.open(nothing_asked(models))
    return kept


def nothing_asked(models: str) -> EditRequest:
    """A request that names only the models."""
    return EditRequest(video=Path(), sound=SELF, output=Path(), mask=MaskRequest(), models=models)


def cut_edit(edit: PreparedEdit, start: int, stop: int) -> PreparedEdit:
    """Cut frames out of an edit that has not begun, and close the whole edit.

    Args:
        edit: the whole.
        start: first frame, counted from the first of the part.
        stop: one past the last.

    Raises:
        MaskError: no mask covers anything in these frames.
        UnheardError: nothing is heard along them.
    """
    if edit.track.strength[start:stop].max() < UNSEEN:
        edit.close()
        raise unheard()
    try:
        masks = MaskSpool(islice(edit.masks, start, stop))
    finally:
        edit.close()
    if not any(masks.bounds):
        masks.close()
        raise MaskError("the mask covers nothing here; look at another frame, or move the mask")
    track, began = edit.track, edit.times[start]
    rate = track.sound.sample_rate
    heard = slice(round(began * rate), round(edit.times[stop] * rate))
    cut = replace(
        edit,
        first=edit.first + start,
        times=tuple(time - began for time in edit.times[start : stop + 1]),
        began=edit.began + began,
        masks=masks,
        track=track.picked(slice(start, stop), Sound(track.sound.samples[:, heard].copy(), rate)),
    )
    return replace(cut, windows=cut.plan(edit.pack.denoiser.stride))


def unheard() -> UnheardError:
    """The error of a preview that lies where the sound is silent."""
    return UnheardError(
        "nothing is heard at this moment, so nothing changes here; look at another frame, or let a "
        "short sound repeat"
    )


class FollowMeter:
    """Compares the strength of a sound at each frame with the mean change inside the mask.

    Args:
        edit: the edit, whose masks and video are read again.
    """

    def __init__(self, edit: PreparedEdit) -> None:
        self._strength = edit.track.strength.numpy()
        self._says = len(self._strength) >= _FEWEST and float(np.ptp(self._strength)) >= _FLAT
        self._changes: list[float] = []
        self._frames = _sources(edit)

    def add(self, frame: FrameDone) -> None:
        """Take a finished frame; they come in order."""
        if self._says:
            before, mask, box = next(self._frames)
            self._changes.append(_change(before, frame.rgb, mask, box))

    def close(self) -> None:
        """Stop reading the video."""
        self._frames.close()

    @property
    def correlation(self) -> float | None:
        """Rank correlation, -1 to 1; None for too few frames, for a steady sound, or if frames are missing."""
        if not self._says or len(self._changes) < len(self._strength):
            return None
        return rank_correlation(self._strength, np.array(self._changes))


def _sources(
    edit: PreparedEdit,
) -> Generator[tuple[np.ndarray, np.ndarray, Box | None], None, None]:
    """The source's frames, each with its mask and the covered share."""
    with VideoReader(edit.request.video) as reader:
        frames = reader.frames(edit.first, edit.first + edit.frame_count)
        for frame, mask, box in zip(frames, edit.masks, edit.masks.bounds, strict=True):
            yield frame.rgb, mask, box


def _change(before: np.ndarray, after: np.ndarray, mask: np.ndarray, box: Box | None) -> float:
    """Mean absolute change inside a mask, in grey levels; 0 where it covers nothing."""
    if box is None:
        return 0.0
    inside = (slice(box.y, box.y + box.height), slice(box.x, box.x + box.width))
    change = np.abs(after[inside].astype(np.float32) - before[inside]).mean(-1)
    return float(np.average(change, weights=mask[inside]))
