"""Sounds by class as windows of the frozen sound network's features."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.joint.embedded import WINDOW_COLUMNS, EmbeddedJointSpace
from soundini.joint.spectrogram import sliding_windows
from soundini.media.sound import load_sound, resample
from soundini.training.classes import CLASSES, NONE, SOUND_CLASS
from soundini.training.split import SOUND_SHARES, Side, sides

RANGE_DB = 30.0
"""A sound this far below full level counts as silence."""

GAINS_DB = (0.0, 0.0, -6.0, -12.0, -20.0)
"""Levels at which every window is heard."""


@dataclass(frozen=True)
class SoundFeatures:
    """Windows of sounds at several levels.

    Args:
        features: output of the sound network.
        targets: distribution over :data:`soundini.training.classes.CLASSES`: the quieter, the more of it is "none".
        recording: which file a window is from.

    Shape:
        ``features``: ``[N, 512]``; ``targets``: ``[N, classes]``; ``recording``: ``[N]``.
    """

    features: Tensor
    targets: Tensor
    recording: Tensor

    def draw(self, count: int, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """``count`` windows, every class equally likely, as features and targets."""
        classes = self.targets.clone()
        classes[:, -1] *= 0.999  # a quiet effect is drawn for its class
        weight = 1.0 / torch.bincount(classes.argmax(1), minlength=len(CLASSES)).clamp_min(1)
        share = weight[classes.argmax(1)].double().numpy()
        index = torch.from_numpy(generator.choice(len(share), count, p=share / share.sum()))
        return self.features[index], self.targets[index]


@torch.no_grad()
def sound_features(
    folder: Path,
    joint: EmbeddedJointSpace,
    *,
    side: Side = "train",
    gains_db: tuple[float, ...] = GAINS_DB,
) -> SoundFeatures:
    """Features of every window of every sound in ``folder``'s ``sounds.csv``, at each of the levels.

    Args:
        folder: the data folder; ``sounds.csv`` has the columns ``path`` and ``label``.
        joint: whose front end and sound network are used.
        side: which recordings are taken.
        gains_db: levels relative to the recording's peak, decibels.
    """
    with (folder / "sounds.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["label"] in SOUND_CLASS]
    features, targets, recording = [], [], []
    for number, (row, its_side) in enumerate(zip(rows, sides(rows, SOUND_SHARES), strict=True)):
        if its_side != side:
            continue
        sound = resample(load_sound(folder / row["path"]).mono(), joint.sample_rate)
        samples = torch.from_numpy(sound.samples[0] / max(sound.peak, 1e-6))
        for gain_db in gains_db:
            columns = joint.log_mel(samples * 10 ** (gain_db / 20))
            half = WINDOW_COLUMNS // 2
            centres = torch.arange(min(half, columns.shape[1] // 2), columns.shape[1], half)
            windows = sliding_windows(columns, centres, WINDOW_COLUMNS)
            features.append(joint.sound_network(windows.transpose(1, 2)))
            target = torch.zeros(len(centres), len(CLASSES))
            share = max(0.0, 1 + gain_db / RANGE_DB)
            target[:, CLASSES.index(SOUND_CLASS[row["label"]])] += share
            target[:, CLASSES.index(NONE)] += 1 - share
            targets.append(target)
            recording.append(torch.full((len(centres),), number))
    return SoundFeatures(torch.cat(features), torch.cat(targets), torch.cat(recording))
