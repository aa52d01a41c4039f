"""Distances between all edits of a variant and other pictures or clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.benchmark.jobs import Job, Result
from soundini.benchmark.pictures import edited_frames, shown_frames, source_frames
from soundini.errors import ConfigError
from soundini.judge import Judge
from soundini.judge.features import HEAD_FEATURES, MIDDLE_FEATURES
from soundini.metrics.distances import frechet_distance, kernel_distance
from soundini.metrics.i3d import CLASSES, I3D
from soundini.training.classes import IMAGE_CLASS
from soundini.training.images import LabelledImages, centre_squares

_FVD = "Fréchet distance to the source clips (FVD)"
_ALL_SOUNDS = "all sounds"
SOURCE = "source"
"""The row of what was there before any edit."""

FEWEST = 128
"""Pictures on either side without which FID is left out: a few more than it has features (112)."""

_SIDE = 160
_KID = "Kernel distance to photographs (KID)"
_FID = "Fréchet distance to photographs (FID)"


@dataclass(frozen=True)
class DistanceTable:
    """One distance of each variant, comparable within a column alone.

    Args:
        title: its name.
        rule: what it is, on which features, and of how many pictures.
        rows: variant -> column -> distance; empty where there are too few pictures, which the rule then says.
        digits: after the point.
    """

    title: str
    rule: str
    rows: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    digits: int = 3

    def lines(self) -> list[list[str]]:
        """The table as text: a line of names, then one for each variant; empty without rows."""
        if not self.rows:
            return []
        columns = list(next(iter(self.rows.values())))
        shown = [
            [name, *(f"{row[column]:.{self.digits}f}" for column in columns)]
            for name, row in self.rows.items()
        ]
        return [["", *columns], *shown]


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
        return DistanceTable(_FVD, f"{rule} Left out: two clips or more are needed of each.")
    before = torch.stack(list(sources.values()))
    rows = {
        variant: {_ALL_SOUNDS: frechet_distance(torch.stack(clips), before)}
        for variant, clips in edits.items()
    }
    return DistanceTable(_FVD, rule, rows, digits=1)


def _clip(frames: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(frames)).movedim(-1, 1).float() / 127.5 - 1


def photograph_distances(
    jobs: Sequence[Job], results: Sequence[Result], data: Path, judge: Judge
) -> list[DistanceTable]:
    """Distances of each variant's regions to held-out photographs of each sound's class.

    The kernel distance is on the head's features of the ImageNet network, which guides no region; see
    :func:`soundini.metrics.distances.kernel_distance`. FID fits a covariance, which needs more pictures than features: it uses
    the 112 channels at stride 16, and is left out where there are fewer than :data:`FEWEST` pictures on either side. Some
    frames of each edit are taken, spread over it. Sounds that turn have no photographs and are left out.

    Args:
        jobs: all jobs.
        results: those that are done.
        data: a folder of pictures, as ``soundini train`` takes it.
        judge: whose features are compared.

    Returns:
        Both tables.

    Raises:
        ConfigError: a sound has fewer than two photographs.
    """
    images = LabelledImages(data, side="held_out")
    gathered: dict[tuple[str, str], list[Tensor]] = {}
    done = {result.folder for result in results}
    for job in jobs:
        if job.folder not in done or job.recordings:
            continue
        source, edited = _regions(job, judge)
        if job.variant == jobs[0].variant:
            gathered.setdefault((SOURCE, job.sound), []).append(source)
        gathered.setdefault((job.variant, job.sound), []).append(edited)
    regions = {key: torch.cat(parts) for key, parts in gathered.items()}
    photographs = {sound: _photographs(images, sound, judge) for _, sound in regions}
    return [_kernel_table(regions, photographs), _frechet_table(regions, photographs)]


def _kernel_table(
    regions: Mapping[tuple[str, str], Tensor], photographs: Mapping[str, Tensor]
) -> DistanceTable:
    rows: dict[str, dict[str, float]] = {}
    for (variant, sound), features in regions.items():
        a, b = (known[:, :HEAD_FEATURES] for known in (features, photographs[sound]))
        rows.setdefault(variant, {})[sound] = kernel_distance(a, b)
    rule = (
        f"Of the regions ({_counts(regions, photographs)}) to held-out photographs of what is heard, on the {HEAD_FEATURES} "
        "features of an ImageNet network's head (EfficientNet-Lite0, not Inception); comparable within a column."
    )
    return DistanceTable(_KID, rule, rows)


def _frechet_table(
    regions: Mapping[tuple[str, str], Tensor], photographs: Mapping[str, Tensor]
) -> DistanceTable:
    rows: dict[str, dict[str, float]] = {}
    enough = {
        sound
        for sound, pictures in photographs.items()
        if len(pictures) >= FEWEST
        and all(len(f) >= FEWEST for (_, other), f in regions.items() if other == sound)
    }
    for (variant, sound), features in regions.items():
        if sound in enough:
            a, b = (known[:, MIDDLE_FEATURES] for known in (features, photographs[sound]))
            rows.setdefault(variant, {})[sound] = frechet_distance(a, b)
    features = MIDDLE_FEATURES.stop - MIDDLE_FEATURES.start
    left_out = [sound for sound in photographs if sound not in enough]
    rule = (
        f"The same on {features} features of that network (means of its channels at stride 16): fewer than usual, for a "
        "covariance needs more pictures than features. Compares with no FID published elsewhere."
    )
    if left_out:
        rule += f" Left out for want of {FEWEST} pictures on either side: {_counts(regions, photographs, left_out)}."
    return DistanceTable(_FID, rule, rows)


def _counts(
    regions: Mapping[tuple[str, str], Tensor],
    photographs: Mapping[str, Tensor],
    sounds: Sequence[str] | None = None,
) -> str:
    """How many pictures there are: "fire: 15 and 40 photographs"."""
    fewest = {
        sound: min(len(f) for (_, other), f in regions.items() if other == sound)
        for sound in sounds or photographs
    }
    return ", ".join(f"{s}: {n} and {len(photographs[s])} photographs" for s, n in fewest.items())


def _photographs(images: LabelledImages, sound: str, judge: Judge) -> Tensor:
    labels = tuple(label for label, name in IMAGE_CLASS.items() if name == sound)
    pictures, _ = centre_squares(images, _SIDE, labels)
    if len(pictures) < 2:
        raise ConfigError(
            "fewer than two pictures of {sound} are held out; add some to images.csv", sound=sound
        )
    return judge.features(pictures)


def _regions(job: Job, judge: Judge) -> tuple[Tensor, Tensor]:
    """Features of the region in some frames, of the source and of the edit."""
    source, masks = source_frames(job)
    edited = edited_frames(job.folder)
    kept = [number for number in shown_frames(job) if masks[number].any()]
    both = []
    for frames in (source, edited):
        both.append(
            judge.region_features(
                np.stack([frames[k] for k in kept]), np.stack([masks[k] for k in kept])
            )
        )
    return both[0], both[1]
