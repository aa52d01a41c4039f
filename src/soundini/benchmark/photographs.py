"""How far what edits show is from photographs of what is heard: a kernel distance over all edits by a sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.benchmark.frames import edited_frames, shown_frames, source_frames
from soundini.benchmark.jobs import Job, Result
from soundini.errors import ConfigError
from soundini.judge import Judge
from soundini.judge.features import HEAD_FEATURES
from soundini.metrics.kid import kernel_distance
from soundini.training.classes import IMAGE_CLASS
from soundini.training.images import LabelledImages
from soundini.training.squares import centre_squares

SOURCE = "source"
"""The row of what was there before any edit."""

_SIDE = 160


def photograph_distances(
    jobs: Sequence[Job], results: Sequence[Result], data: Path, judge: Judge
) -> dict[str, dict[str, float]]:
    """The kernel distance of each variant's regions to held-out photographs of each sound's class.

    See :func:`soundini.metrics.kid.kernel_distance`; the features are the head's of the ImageNet network, which guides nothing.
    Some frames of each edit are taken, spread over it. Where edits are few, it is a rough figure, and comparable within its
    column alone.

    Args:
        jobs: all jobs.
        results: those that are done.
        data: a folder of pictures, as ``soundini train`` takes it.
        judge: whose features are compared.

    Returns:
        Variant, or :data:`SOURCE` -> sound -> distance.

    Raises:
        ConfigError: a sound has fewer than two photographs.
    """
    images = LabelledImages(data, side="held_out")
    regions: dict[tuple[str, str], list[Tensor]] = {}
    done = {result.folder for result in results}
    for job in jobs:
        if job.folder not in done:
            continue
        source, edited = _regions(job, judge)
        regions.setdefault((job.variant, job.sound), []).append(edited)
        if job.variant == jobs[0].variant:
            regions.setdefault((SOURCE, job.sound), []).append(source)
    photographs = {sound: _photographs(images, sound, judge) for _, sound in regions}
    found: dict[str, dict[str, float]] = {}
    for (variant, sound), features in regions.items():
        distance = kernel_distance(torch.cat(features), photographs[sound])
        found.setdefault(variant, {})[sound] = distance
    return found


def _photographs(images: LabelledImages, sound: str, judge: Judge) -> Tensor:
    labels = tuple(label for label, name in IMAGE_CLASS.items() if name == sound)
    pictures, _ = centre_squares(images, _SIDE, labels)
    if len(pictures) < 2:
        raise ConfigError(
            f"fewer than two pictures of {sound} are held out; add some to images.csv"
        )
    return judge.features(pictures)[:, :HEAD_FEATURES]


def _regions(job: Job, judge: Judge) -> tuple[Tensor, Tensor]:
    """Features of the region in some frames, of the source and of the edit."""
    source, masks = source_frames(job)
    edited = edited_frames(job.folder)
    kept = [number for number in shown_frames(job) if masks[number].any()]
    both = []
    for frames in (source, edited):
        features = judge.region_features(
            np.stack([frames[k] for k in kept]), np.stack([masks[k] for k in kept])
        )
        both.append(features[:, :HEAD_FEATURES])
    return both[0], both[1]
