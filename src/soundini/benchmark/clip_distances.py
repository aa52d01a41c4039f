"""How far edited clips are from the clips they were made of: FVD."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from soundini.benchmark.distances import DistanceTable
from soundini.benchmark.jobs import Job, Result
from soundini.benchmark.pictures import edited_frames, source_frames
from soundini.metrics.distances import frechet_distance
from soundini.metrics.i3d import CLASSES, I3D

_TITLE = "Fréchet distance to the source clips (FVD)"
_COLUMN = "all sounds"


def clip_distances(jobs: Sequence[Job], results: Sequence[Result], network: I3D) -> DistanceTable:
    """The Fréchet video distance of each variant's edited clips to the source clips.

    Of whole frames; see :class:`soundini.metrics.i3d.I3D` and :func:`soundini.metrics.distances.frechet_distance`. It also counts
    what an edit is meant to change. With the few clips of a benchmark, far from the thousands of publications, it
    compares variants and nothing else.

    Args:
        jobs: all jobs, of two clips or more.
        results: those that are done.
        network: describes clips.

    Returns:
        A table without rows where fewer than two clips are done.
    """
    sources: dict[str, Tensor] = {}
    edits: dict[str, list[Tensor]] = {}
    done = {result.folder for result in results}
    for job in jobs:
        if job.folder not in done:
            continue
        if job.clip.name not in sources:
            sources[job.clip.name] = network(_clip(source_frames(job)[0]))
        edits.setdefault(job.variant, []).append(network(_clip(edited_frames(job.folder))))
    counts = ", ".join(f"{len(clips)} of {variant}" for variant, clips in edits.items())
    rule = (
        f"Of edited clips ({counts}) to the {len(sources)} they were made of, on {CLASSES} logits of I3D; comparable among "
        "variants with as many clips, and with nothing published."
    )
    if len(sources) < 2 or any(len(clips) < 2 for clips in edits.values()):
        return DistanceTable(_TITLE, f"{rule} Left out: two clips or more are needed of each.")
    before = torch.stack(list(sources.values()))
    rows = {
        variant: {_COLUMN: frechet_distance(torch.stack(clips), before)}
        for variant, clips in edits.items()
    }
    return DistanceTable(_TITLE, rule, rows, digits=1)


def _clip(frames: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(frames)).movedim(-1, 1).float() / 127.5 - 1
