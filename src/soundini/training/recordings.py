"""Recordings by class, in memory as mel power, and the windows that training draws from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.joint.embedded import log_power
from soundini.joint.spectrogram import MelConfig, mel_power, sliding_windows
from soundini.media.sound import load_sound, resample
from soundini.training.classes import CLASSES, NONE, SOUND_CLASS
from soundini.training.labels import rains_throughout, sound_classes
from soundini.training.manifest import read_manifest
from soundini.training.split import SOUND_SHARES, Side, group_of, sides

WINDOW_COLUMNS = 100
"""Columns of a drawn window: 2.32 s."""

RANGE_DB = 30.0
"""A sound this far below full level counts as silence."""


@dataclass(frozen=True)
class Recording:
    """A recording, scaled to a peak of 1.

    Args:
        path: within the data folder.
        source: its publisher, from the manifest.
        group: recordings that stay on one side, see :func:`soundini.training.split.group_of`.
        kind: number of its class in :data:`soundini.training.classes.CLASSES`.
        power: mel power.
        also: number of a second class that is heard in it, or None.

    Shape:
        ``power``: ``[n_mels, columns]``.
    """

    path: str
    source: str
    group: str
    kind: int
    power: Tensor
    also: int | None = None

    @property
    def target(self) -> Tensor:
        """Distribution over the classes, ``[classes]``: of two, each has half."""
        kinds = [self.kind] if self.also is None else [self.kind, self.also]
        return torch.eye(len(CLASSES))[kinds].mean(0)


def load_recordings(folder: Path, mel: MelConfig, *, side: Side = "train") -> list[Recording]:
    """Every recording of one side of a data folder.

    Args:
        folder: the data folder; ``sounds.csv`` has the columns ``path`` and ``label``. Labels that belong to no class are
            left out; see :func:`soundini.training.labels.sound_classes`.
        mel: front end.
        side: see :func:`soundini.training.split.sides`.

    Raises:
        MediaError: the folder has no readable ``sounds.csv``, or a sound in it cannot be read.
    """
    rows = [r for r in read_manifest(folder / "sounds.csv") if r["label"] in SOUND_CLASS]
    found = []
    for row, its_side in zip(rows, sides(rows, SOUND_SHARES), strict=True):
        classes = sound_classes(row)
        if its_side != side or not classes:
            continue
        sound = resample(load_sound(folder / row["path"]).mono(), mel.sample_rate)
        power = mel_power(torch.from_numpy(sound.samples[0] / max(sound.peak, 1e-6)), mel)
        if classes == ("thunderstorm",) and rains_throughout(power):
            classes = ("thunderstorm", "rain")
        kind, *also = (CLASSES.index(name) for name in classes)
        origin = row.get("source", "")
        found.append(Recording(row["path"], origin, group_of(row), kind, power, *also))
    return found


def targets_of(kinds: Tensor, gain_db: Tensor) -> Tensor:
    """Target distributions of sounds at a gain: the quieter, the larger the share of "none".

    Shape:
        ``kinds``, ``gain_db``: ``[B]``; returns ``[B, classes]``, a distribution.
    """
    share = (1 + gain_db / RANGE_DB).clamp(0, 1)
    targets = torch.zeros(len(kinds), len(CLASSES))
    targets[torch.arange(len(kinds)), kinds] = share
    targets[:, CLASSES.index(NONE)] += 1 - share
    return targets


class HeardWindows:
    """Draws augmented windows: at any level, mixed, filtered as by a room, over noise.

    Args:
        recordings: where windows come from; all classes are equally likely, and all recordings of a class alone.
        taught: a teacher's features of each recording over time; empty if there is no teacher.
        mixed: share of the windows that are mixed with a second recording.

    Shape:
        ``taught``: each ``[D, columns / stride]``.
    """

    def __init__(
        self, recordings: Sequence[Recording], taught: Sequence[Tensor] = (), mixed: float = 0.25
    ) -> None:
        self.mixed = mixed
        self.taught = {r.path: t for r, t in zip(recordings, taught, strict=bool(taught))}
        alone = [r for r in recordings if r.also is None]
        kinds = sorted({r.kind for r in alone})
        self.by_kind = [[r for r in alone if r.kind == kind] for kind in kinds]

    def draw(self, count: int, rng: np.random.Generator) -> Heard:
        """Draw ``count`` windows with their targets and the teacher's features."""
        first, second = self._windows(count, rng), self._windows(count, rng)
        uniform = torch.from_numpy(rng.random((3, count))).float()
        gain_db = -RANGE_DB * (uniform[0] - 0.6).clamp_min(0) / 0.4  # three in five at full level
        level = (uniform[2] < self.mixed) * 10 ** (-2 * uniform[1])
        power = (first.power + level.view(-1, 1, 1) * second.power) / (1 + level.view(-1, 1, 1))
        share = (1 / (1 + level)).view(-1, 1)
        targets = share * targets_of(first.kinds, gain_db)
        targets = targets + (1 - share) * targets_of(second.kinds, gain_db)
        power = _through_a_room(power * 10 ** (gain_db.view(-1, 1, 1) / 10), rng)
        return Heard(log_power(power), targets, first.taught, level == 0)

    def _windows(self, count: int, rng: np.random.Generator) -> _Drawn:
        power, kinds, taught = zip(*self._each(count, rng), strict=True)
        said = None if taught[0] is None else torch.stack(taught)
        return _Drawn(torch.stack(power), torch.tensor(kinds), said)

    def _each(
        self, count: int, rng: np.random.Generator
    ) -> Iterator[tuple[Tensor, int, Tensor | None]]:
        for _ in range(count):
            pool = self.by_kind[rng.integers(len(self.by_kind))]
            recording = pool[rng.integers(len(pool))]
            columns = recording.power.shape[1]
            centre = torch.tensor([rng.uniform(0, columns)])
            window = sliding_windows(recording.power, centre, WINDOW_COLUMNS)[0].T
            said = self.taught.get(recording.path)
            if said is not None:
                stride = columns / said.shape[1]
                said = sliding_windows(said, centre / stride, round(WINDOW_COLUMNS / stride))
                said = said[0].amax(1)
            yield window, recording.kind, said


@dataclass(frozen=True)
class Heard:
    """A batch of windows.

    Args:
        windows: log-mel.
        targets: distribution over the classes.
        taught: the teacher's embedding of each window's first recording, or None.
        alone: whether it is not mixed.

    Shape:
        ``windows``: ``[B, time, mel]``; ``targets``: ``[B, classes]``; ``taught``: ``[B, D]``; ``alone``: ``[B]``.
    """

    windows: Tensor
    targets: Tensor
    taught: Tensor | None
    alone: Tensor


@dataclass(frozen=True)
class _Drawn:
    power: Tensor
    kinds: Tensor
    taught: Tensor | None


def _through_a_room(power: Tensor, rng: np.random.Generator) -> Tensor:
    """Tilt the spectrum and add hiss: ``[B, time, mel]`` of power."""
    count, _, bands = power.shape
    ramp = torch.linspace(-1, 1, bands)
    tilt_db = torch.from_numpy(rng.uniform(-4, 4, (count, 1, 1))).float() * ramp
    hiss_db = torch.from_numpy(rng.uniform(-90, -60, (count, 1, 1))).float()
    hiss = 10 ** (hiss_db / 10) * torch.from_numpy(rng.exponential(size=power.shape)).float()
    return power * 10 ** (tilt_db / 10) + hiss


def deal_folds(recordings: Sequence[Recording], count: int) -> list[int]:
    """Assign whole origins, the largest first, to the fold that has least of their classes so far.

    Args:
        recordings: to assign.
        count: how many folds, at least 2.

    Returns:
        The fold of each recording.
    """
    members: dict[str, Tensor] = {}
    for recording in recordings:
        counts = members.setdefault(recording.group, torch.zeros(len(CLASSES)))
        counts[recording.kind] += 1
    total = torch.stack(list(members.values())).sum(0).clamp_min(1)
    filled = torch.zeros(count, len(CLASSES))
    fold_of: dict[str, int] = {}
    for group in sorted(members, key=lambda name: (-float(members[name].sum()), name)):
        after = (filled[:, None] + members[group] * torch.eye(count)[..., None]) / total
        fold_of[group] = int(after.std(0).sum(1).argmin())
        filled[fold_of[group]] += members[group]
    return [fold_of[recording.group] for recording in recordings]
