"""The sound head: a linear probe that says by directions what it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from soundini.joint.embedded import log_power
from soundini.joint.towers import SoundHead
from soundini.training.classes import CLASSES
from soundini.training.directions import say_by_directions
from soundini.training.probe import Probe, fit_probe
from soundini.training.recordings import HeardWindows, Recording

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Strengths of the probe's penalty that are tried."""

_FOLDS = 4

_PLAIN = 10
"""Windows of each recording, spread over it, that are heard as they are."""

_DRAWN, _AT_ONCE = 55, 24
"""Batches of windows of each fold that are drawn at any level, mixed and through a room, and windows in each."""

_DRAWN_SHARE = 0.3


@dataclass(frozen=True)
class _Fold:
    """What the network says of some recordings.

    Args:
        features: of plain windows, then of drawn ones.
        targets: what is heard in each.
        share: weight of each in a fit; those of all folds add up to 1.
        plain: how many are plain.
    """

    features: Tensor
    targets: Tensor
    share: Tensor
    plain: int


@torch.no_grad()
def fit_sound_head(
    network: nn.Module,
    head: SoundHead,
    directions: Mapping[str, Tensor],
    recordings: Sequence[Recording],
    *,
    drawn: int = _DRAWN,
    seed: int = 0,
) -> float:
    """Set a head to the multinomial logistic regression of what the network says.

    Of plain windows, classes count alike, and so do the recordings of a class. What the head says is by
    :func:`soundini.training.directions.say_by_directions`.

    Args:
        network: what the head listens to.
        head: its weights are written in place.
        directions: of each class, see :func:`soundini.training.directions.class_directions`.
        recordings: heard plain, and at any level, mixed and through a room.
        drawn: how many batches of 24 windows of the latter kind each of four folds gives.
        seed: where they come from.

    Returns:
        The penalty, chosen by cross-validation: that under which plain windows of a fold are likeliest to a probe that is
        fitted on the other folds. Recordings of one group lie in one fold.
    """
    groups = sorted({recording.group for recording in recordings})
    fold_of = {group: number % _FOLDS for number, group in enumerate(groups)}
    kinds = torch.bincount(torch.tensor([r.kind for r in recordings]), minlength=len(CLASSES))
    folds = []
    for number in range(_FOLDS):
        mine = [r for r in recordings if fold_of[r.group] == number]
        if mine:
            folds.append(_listen(network, mine, kinds, drawn, (seed, number)))
    found = {l2: _held_out_loss(folds, l2) for l2 in PENALTIES} if len(folds) > 1 else {}
    chosen = min(found, key=found.__getitem__, default=PENALTIES[2])
    probe = _fit(folds, chosen)
    basis = torch.stack([directions[name] for name in CLASSES])
    say_by_directions(head, probe, basis)
    return chosen


def _listen(
    network: nn.Module,
    recordings: Sequence[Recording],
    kinds: Tensor,
    drawn: int,
    seed: tuple[int, int],
) -> _Fold:
    """Hear the recordings of a fold; ``kinds`` says how many there are of each class in all folds."""
    features, targets, shares = [], [], []
    for recording in recordings:
        whole = recording.windows()
        plain = whole[torch.linspace(0, len(whole) - 1, min(len(whole), _PLAIN)).long()]
        features.append(network(log_power(plain)))
        one = torch.zeros(len(plain), len(CLASSES))
        one[:, recording.kind] = 1
        targets.append(one)
        alike = int(kinds[recording.kind]) * len(plain) * int((kinds > 0).sum())
        shares.append(torch.full((len(plain),), (1 - _DRAWN_SHARE) / alike))
    count = sum(map(len, shares))
    windows = HeardWindows(recordings)
    for number in range(drawn):
        heard = windows.draw(_AT_ONCE, np.random.default_rng((*seed, number)))
        features += [network(part) for part in heard.windows.split(8)]
        targets.append(heard.targets)
        shares.append(torch.full((_AT_ONCE,), _DRAWN_SHARE / (_AT_ONCE * drawn * _FOLDS)))
    return _Fold(torch.cat(features), torch.cat(targets), torch.cat(shares), count)


def _fit(folds: Sequence[_Fold], l2: float) -> Probe:
    features, targets, share = (
        torch.cat([getattr(fold, name) for fold in folds])
        for name in ("features", "targets", "share")
    )
    with torch.enable_grad():
        return fit_probe(features, targets, share / share.mean(), l2)


def _held_out_loss(folds: Sequence[_Fold], l2: float) -> float:
    """Cross-entropy over the plain windows of every fold by a probe of the others, nats."""
    total = 0.0
    for number, fold in enumerate(folds):
        probe = _fit([*folds[:number], *folds[number + 1 :]], l2)
        said = probe.logits(fold.features[: fold.plain]).log_softmax(1)
        likely = (said * fold.targets[: fold.plain]).sum(1)
        total -= float((fold.share[: fold.plain] * likely).sum())
    return total / (1 - _DRAWN_SHARE)
