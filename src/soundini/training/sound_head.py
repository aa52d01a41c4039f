"""The sound head: a calibrated linear probe on what the sound network says around a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from soundini.joint.embedded import LOG_SCALE, EmbeddedJointSpace
from soundini.joint.listening import Steps, pool_steps, step_levels
from soundini.joint.towers import SoundHead
from soundini.training.classes import CLASSES
from soundini.training.probe import Probe, fit_probe, fit_temperature
from soundini.training.recordings import HeardWindows, Recording

PENALTIES = (0.1, 0.3, 1.0)
"""Strengths of the probe's penalty that are tried."""

_FOLDS = 4

_CONTEXTS = 4
"""Contexts of each recording: the whole of it (ten seconds at most), and others of random place and length."""

_LENGTH, _SHORTEST = 54, 6
"""Steps of the longest context (ten seconds) and of the shortest (1.1 s)."""

_DRAWN, _AT_ONCE = 6, 24
"""Batches of windows of each fold that are drawn at any level, mixed and through a room, and windows in each."""

_WHOLE_SHARE, _DRAWN_SHARE = 0.55, 0.2
"""Of the weight: whole recordings, and drawn windows; the rest is random contexts."""


@dataclass(frozen=True)
class Examples:
    """What a head is fitted on.

    Args:
        features: see :func:`soundini.joint.listening.pool_steps`.
        targets: distribution over :data:`soundini.training.classes.CLASSES`.
        share: weight of each.
        fold: of the recording; recordings of one group lie in one fold.
        whole: whether it is the whole of a recording, and of which class; -1 where it is not.

    Shape:
        ``features``: ``[N, F]``; ``targets``: ``[N, classes]``; ``share``, ``fold``, ``whole``: ``[N]``.
    """

    features: Tensor
    targets: Tensor
    share: Tensor
    fold: Tensor
    whole: Tensor

    def of(self, chosen: Tensor) -> Examples:
        """Those that a mask chooses."""
        return Examples(*(part[chosen] for part in vars(self).values()))


def listen_to(joint: EmbeddedJointSpace, recordings: Sequence[Recording]) -> list[Steps]:
    """What the sound network says of whole recordings."""
    with torch.no_grad():
        return [joint.listen(recording.power) for recording in recordings]


def fit_sound_head(
    head: SoundHead,
    network: nn.Module,
    recordings: Sequence[Recording],
    steps: Sequence[Steps],
    *,
    drawn: int = _DRAWN,
    seed: int = 0,
) -> tuple[float, float]:
    """Set a head to the calibrated multinomial logistic regression of what the network says.

    Classes count alike, and within a class groups by the root of their number of recordings. The penalty and the temperature
    are those under which whole recordings of a fold are likeliest to a probe that is fitted on the other folds.

    Args:
        head: its weights are written in place.
        network: what it listens to.
        recordings: of all classes.
        steps: what the network says of each.
        drawn: how many batches of 24 windows each of four folds gives that are heard at any level, mixed and through a room.
        seed: where contexts and windows come from.

    Returns:
        The penalty and the temperature.
    """
    examples = gather(network, recordings, steps, drawn, seed)
    alike = torch.ones(len(CLASSES))
    found: dict[float, tuple[float, float]] = {}
    for penalty in PENALTIES:
        logits, kinds = [], []
        for number in examples.fold.unique():
            away = examples.fold != number
            whole = examples.of(~away & (examples.whole >= 0))
            if away.any() and len(whole.fold):
                logits.append(_fit(examples.of(away), penalty).logits(whole.features))
                kinds.append(whole.whole)
        if logits:
            found[penalty] = fit_temperature(torch.cat(logits), torch.cat(kinds), alike)
    penalty = min(found, key=lambda name: found[name][1], default=PENALTIES[1])
    temperature = found[penalty][0] if found else 1.0
    write_head(head, _fit(examples, penalty), temperature)
    return penalty, temperature


@torch.no_grad()
def write_head(head: SoundHead, probe: Probe, temperature: float) -> None:
    """Write a probe of :data:`soundini.training.classes.CLASSES` into a head, whose classes are in the order of their names."""
    order = [CLASSES.index(name) for name in sorted(CLASSES)]
    head.weight.copy_(probe.weight[order] / temperature)
    head.bias.copy_((probe.bias - probe.bias.mean())[order] / temperature)


@torch.no_grad()
def gather(
    network: nn.Module,
    recordings: Sequence[Recording],
    steps: Sequence[Steps],
    drawn: int,
    seed: int,
) -> Examples:
    """Contexts of all recordings, and windows drawn of those of each fold."""
    groups = sorted({recording.group for recording in recordings})
    fold_of = {group: number % _FOLDS for number, group in enumerate(groups)}
    members: dict[tuple[int, str], int] = {}
    for recording in recordings:
        key = recording.kind, recording.group
        members[key] = members.get(key, 0) + 1
    weight = torch.tensor([members[r.kind, r.group] ** -0.5 for r in recordings])
    kinds = torch.tensor([r.kind for r in recordings])
    total = torch.zeros(len(CLASSES)).index_add(0, kinds, weight)
    share = weight / total[kinds] / len(kinds.unique())
    one_hot = torch.eye(len(CLASSES))
    rows: list[tuple[Tensor, Tensor, float, int, int]] = []
    rng = np.random.default_rng((seed, 0))
    rest = 1 - _WHOLE_SHARE - (_DRAWN_SHARE if drawn else 0)
    for number, (recording, said) in enumerate(zip(recordings, steps, strict=True)):
        fold, target, mine = fold_of[recording.group], one_hot[recording.kind], float(share[number])
        for context in range(_CONTEXTS):
            longest = min(_LENGTH, len(said))
            length = longest
            if context:
                shortest = min(_SHORTEST, longest)
                length = round(shortest * (longest / shortest) ** rng.random())
            first = (
                int(rng.integers(len(said) - length + 1)) if context else (len(said) - length) // 2
            )
            part = said.part(first, first + length)
            counts = rest / (_CONTEXTS - 1) if context else _WHOLE_SHARE
            pooled = pool_steps(part.features, part.levels)
            rows.append((pooled, target, mine * counts, fold, -1 if context else recording.kind))
    for fold in sorted(set(fold_of.values())) if drawn else ():
        windows = HeardWindows([r for r in recordings if fold_of[r.group] == fold])
        for batch in range(drawn):
            heard = windows.draw(_AT_ONCE, np.random.default_rng((seed, 1, fold, batch)))
            said = torch.cat([network(part) for part in heard.windows.split(8)])
            pooled = pool_steps(said, step_levels(power_of(heard.windows)))
            each = _DRAWN_SHARE / (_AT_ONCE * drawn * len(set(fold_of.values())))
            rows += [(p, t, each, fold, -1) for p, t in zip(pooled, heard.targets, strict=True)]
    features, targets, shares, folds, whole = zip(*rows, strict=True)
    return Examples(
        torch.stack(features),
        torch.stack(targets),
        torch.tensor(shares),
        torch.tensor(folds),
        torch.tensor(whole),
    )


def power_of(windows: Tensor) -> Tensor:
    """Mel power of log-mel windows: ``[B, time, mel]`` -> ``[B, mel, time]``."""
    return ((10 ** (LOG_SCALE * windows) - 1) / 1e4).transpose(1, 2)


def _fit(examples: Examples, penalty: float) -> Probe:
    share = examples.share / examples.share.mean()
    with torch.enable_grad():
        return fit_probe(examples.features, examples.targets, share, penalty)
