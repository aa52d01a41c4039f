"""The sound head: a calibrated linear probe on what the sound network says around a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from soundini.joint.embedded import LOG_SCALE, EmbeddedJointSpace, log_power
from soundini.joint.listening import Steps, pool_steps
from soundini.joint.towers import SoundHead
from soundini.training.classes import CLASSES
from soundini.training.components import Components
from soundini.training.drawn_sounds import draw_sounds
from soundini.training.folds import deal_folds
from soundini.training.probe import Probe, class_importance, fit_probe, fit_temperature
from soundini.training.recordings import Recording

PENALTY = 0.2
"""Strength of the probe's penalty."""

_Row = tuple[Tensor, Tensor, float, int, int]

FOLDS = 5

_CONTEXTS = 4
"""Contexts of each recording: the whole of it (ten seconds at most), and others of random place and length."""

_LENGTH, _SHORTEST = 54, 6
"""Steps of the longest context (ten seconds) and of the shortest (1.1 s)."""

_DRAWN = 60
"""Sounds of each fold that are drawn, mixed and coloured."""

_WHOLE_SHARE, _DRAWN_SHARE = 0.55, 0.12
"""Of the weight: whole recordings, and drawn sounds; the rest is random contexts."""


_NONE_COUNTS = 1.4
"""What has no effect in it is of many kinds: it counts as much as this many effects."""


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


def fit_sound_head(head: SoundHead, examples: Examples) -> float:
    """Set a head to the calibrated multinomial logistic regression of what the network says.

    It is fitted on the first principal components of the standardised features. The temperature is the one under which whole
    recordings of a fold are likeliest to a probe that is fitted on the other folds.

    Args:
        head: its weights are written in place.
        examples: see :func:`gather`; of all classes.

    Returns:
        The temperature.
    """
    components = Components.of(examples.features)
    reduced = replace(examples, features=components.reduce(examples.features))
    logits, kinds = [], []
    for number in reduced.fold.unique():
        away = reduced.fold != number
        whole = reduced.of(~away & (reduced.whole >= 0))
        if away.any() and len(whole.fold):
            logits.append(_fit(reduced.of(away)).logits(whole.features))
            kinds.append(whole.whole)
    temperature = 1.0
    if logits:
        known = torch.cat(kinds)
        common = torch.bincount(
            known, minlength=len(CLASSES)
        ).float()  # so every recording counts alike
        temperature, _ = fit_temperature(torch.cat(logits), known, common)
    write_head(head, components.unfold(_fit(reduced)), temperature)
    return temperature


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
    *,
    drawn: int = _DRAWN,
    seed: int = 0,
) -> Examples:
    """Contexts of all recordings, and sounds drawn of those of each fold.

    Effects count alike and "none" a little more; within a class, groups count by the root of their number of recordings.

    Args:
        network: what listens to the drawn sounds.
        recordings: of all classes.
        steps: what the network says of each.
        drawn: how many sounds each of :data:`FOLDS` folds gives that are mixed and coloured.
        seed: where contexts and drawn sounds come from.
    """
    folds = deal_folds(recordings, FOLDS)
    rows: list[_Row] = []
    rng = np.random.default_rng((seed, 0))
    rest = 1 - _WHOLE_SHARE - (_DRAWN_SHARE if drawn else 0)
    each = zip(recordings, steps, folds, _weights(recordings), strict=True)
    for recording, said, fold, weight in each:
        target = torch.eye(len(CLASSES))[recording.kind]
        for number, (first, length) in enumerate(_stretches(len(said), rng)):
            share = weight * (rest / (_CONTEXTS - 1) if number else _WHOLE_SHARE)
            whole = -1 if number else recording.kind
            rows.append((pool_steps(said.part(first, first + length)), target, share, fold, whole))
    for fold in sorted(set(folds)) if drawn else ():
        mine = [recording for recording, its in zip(recordings, folds, strict=True) if its == fold]
        for sound in draw_sounds(mine, drawn, np.random.default_rng((seed, 1, fold))):
            heard = Steps.of(network(log_power(sound.power).T[None])[0], sound.power)
            share = _DRAWN_SHARE / (drawn * len(set(folds)))
            rows.append((pool_steps(heard), sound.target, share, fold, -1))
    features, targets, shares, numbers, whole = zip(*rows, strict=True)
    return Examples(
        torch.stack(features),
        torch.stack(targets),
        torch.tensor(shares),
        torch.tensor(numbers),
        torch.tensor(whole),
    )


def _weights(recordings: Sequence[Recording]) -> list[float]:
    """How much each recording counts; all together 1."""
    members = Counter((recording.kind, recording.group) for recording in recordings)
    weight = torch.tensor([members[r.kind, r.group] ** -0.5 for r in recordings])
    kinds = torch.tensor([r.kind for r in recordings])
    total = torch.zeros(len(CLASSES)).index_add(0, kinds, weight)
    importance = class_importance(_NONE_COUNTS)
    share = (importance / total)[kinds] * weight
    found: list[float] = (share / share.sum()).tolist()
    return found


def _stretches(count: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """First step and length of the contexts of a recording of ``count`` steps: the middle of it, then random ones."""
    longest = min(_LENGTH, count)
    shortest = min(_SHORTEST, longest)
    yield (count - longest) // 2, longest
    for _ in range(_CONTEXTS - 1):
        length = round(shortest * (longest / shortest) ** rng.random())
        yield int(rng.integers(count - length + 1)), length


def power_of(windows: Tensor) -> Tensor:
    """Mel power of log-mel windows: ``[B, time, mel]`` -> ``[B, mel, time]``."""
    return ((10 ** (LOG_SCALE * windows) - 1) / 1e4).transpose(1, 2)


def _fit(examples: Examples) -> Probe:
    share = examples.share / examples.share.mean()
    with torch.enable_grad():
        return fit_probe(examples.features, examples.targets, share, PENALTY, standardise=False)
