"""Features of recordings by the frozen sound network, pooled around moments of every recording."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from soundini.joint.embedded import EmbeddedJointSpace
from soundini.joint.listening import Steps, pool_steps
from soundini.training.recordings import Recording, targets_of

_EVERY = 6
"""Steps (1.1 s) between two moments."""


@dataclass(frozen=True)
class SoundFeatures:
    """Moments of sounds at several levels.

    Args:
        features: the input of :meth:`soundini.joint.embedded.EmbeddedJointSpace.embed_features`.
        targets: distribution over :data:`soundini.training.classes.CLASSES`: the quieter, the more of it is "none".
        recording: number of the recording a moment is from.

    Shape:
        ``features``: ``[N, F]``; ``targets``: ``[N, classes]``; ``recording``: ``[N]``.
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
    """Features around moments of some recordings, at each of the levels.

    Args:
        recordings: see :func:`soundini.training.recordings.load_recordings`.
        joint: whose sound network is used.
        gains_db: levels relative to a recording's peak, decibels.
    """
    length = round(joint.window_seconds / joint.step_seconds)
    features, targets, numbers = [], [], []
    for number, recording in enumerate(recordings):
        for gain_db in gains_db:
            steps = joint.listen(recording.power * 10 ** (gain_db / 10))
            pooled = contexts(steps, length)
            kinds = torch.full((len(pooled),), recording.kind)
            features.append(pooled)
            targets.append(targets_of(kinds, torch.full((len(pooled),), gain_db)))
            numbers.append(torch.full((len(pooled),), number))
    return SoundFeatures(torch.cat(features), torch.cat(targets), torch.cat(numbers))


def contexts(steps: Steps, length: int) -> Tensor:
    """Pool ``length`` steps around moments 1.1 s apart, as edits do: ``[moments, F]``."""
    found = []
    for step in range(min(_EVERY // 2, len(steps) // 2), len(steps), _EVERY):
        first = max(0, min(step - length // 2, len(steps) - length))
        found.append(pool_steps(steps.part(first, first + length)))
    return torch.stack(found)
