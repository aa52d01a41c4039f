"""Sounds by class as windows of the frozen sound network's features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from soundini.joint.embedded import EmbeddedJointSpace, log_power
from soundini.training.recordings import Recording, targets_of


@dataclass(frozen=True)
class SoundFeatures:
    """Windows of sounds at several levels.

    Args:
        features: output of the sound network.
        targets: distribution over :data:`soundini.training.classes.CLASSES`: the quieter, the more of it is "none".
        recording: number of the recording a window is from.

    Shape:
        ``features``: ``[N, 512]``; ``targets``: ``[N, classes]``; ``recording``: ``[N]``.
    """

    features: Tensor
    targets: Tensor
    recording: Tensor


@torch.no_grad()
def sound_features(
    recordings: Sequence[Recording],
    joint: EmbeddedJointSpace,
    gains_db: Sequence[float] = (0.0,),
) -> SoundFeatures:
    """Features of every window of some recordings, at each of the levels.

    Args:
        recordings: see :func:`soundini.training.recordings.load_recordings`.
        joint: whose sound network is used.
        gains_db: levels relative to a recording's peak, decibels.
    """
    features, targets, numbers = [], [], []
    for number, recording in enumerate(recordings):
        power = recording.windows()
        kinds = torch.full((len(power),), recording.kind)
        for gain_db in gains_db:
            features.append(joint.sound_network(log_power(power * 10 ** (gain_db / 10))))
            targets.append(targets_of(kinds, torch.full((len(power),), gain_db)))
            numbers.append(torch.full((len(power),), number))
    return SoundFeatures(torch.cat(features), torch.cat(targets), torch.cat(numbers))
