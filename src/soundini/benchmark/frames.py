"""The frames of a job, read back from its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from soundini.benchmark.jobs import EDITED, Job
from soundini.editing.masking import make_masks
from soundini.evaluation.shown import spread_frames
from soundini.media.video_reader import VideoReader


def shown_frames(job: Job) -> list[int]:
    """Numbers of the frames that are looked at, each once."""
    return list(dict.fromkeys(spread_frames(int(job.request.end or 0))))


def source_frames(job: Job) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The part of the source that was edited, and its masks: ``uint8 [H, W, 3]`` and float32 ``[H, W]`` each."""
    with VideoReader(job.request.video) as reader:
        frames = [frame.rgb for frame in reader.frames(0, int(job.request.end or 0))]
        region = job.request.recipe.region
        masks = list(make_masks(job.request.mask, region, reader.info, iter(frames)))
    return frames, masks


def edited_frames(folder: Path) -> list[np.ndarray]:
    """The frames of a job's edit: ``uint8 [H, W, 3]`` each."""
    with VideoReader(folder / EDITED) as reader:
        return [frame.rgb for frame in reader.frames()]
