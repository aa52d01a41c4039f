"""Folds for cross-validation, by whole origins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from soundini.training.classes import CLASSES
from soundini.training.recordings import Recording


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
