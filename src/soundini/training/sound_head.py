"""The sound head: a calibrated linear probe and a small hidden layer on what the sound network says around a moment."""

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
from soundini.training.classes import CLASSES, NONE
from soundini.training.drawn_noise import draw_noise
from soundini.training.drawn_sounds import draw_pairs, draw_sounds, draw_tones
from soundini.training.probe import (
    Components,
    HiddenLayer,
    Probe,
    class_importance,
    fit_hidden_layer,
    fit_probe,
    fit_temperature,
)
from soundini.training.recordings import Recording, deal_folds

PENALTY = 0.13
"""Strength of the probe's penalty."""

_Row = tuple[Tensor, Tensor, float, int, int]

FOLDS = 5

_CONTEXTS = 4
"""Contexts of each recording: the whole of it (ten seconds at most), and others of random place and length."""

_LENGTH, _SHORTEST = 54, 6
"""Steps of the longest context (ten seconds) and of the shortest (1.1 s)."""

_DRAWN = 500
"""Sounds of each fold that are drawn, mixed and coloured."""

_PAIRS = 240
"""Mixtures of each fold of two classes that are often heard together."""

_TONES = 30
"""Tones of each fold: no recordings, and without an effect."""

_NOISES = 24
"""Steady noises of each fold, without an effect either."""

_WHOLE_SHARE, _DRAWN_SHARE, _PAIRS_SHARE = 0.35, 0.22, 0.2
_TONES_SHARE, _NOISE_SHARE = 0.02, 0.02
"""Of the weight: whole recordings, and what is drawn; the rest is random contexts."""

_LAYERS = 3
"""Hidden layers that are trained from different weights; the head's is their mean."""

_COUNTS = {NONE: 1.6, "snow_wind": 1.2}
"""What is of many kinds counts as much as this many classes: what has no effect in it, and wind."""


@dataclass(frozen=True)
class Examples:
    """What a head is fitted on.

    Args:
        features: see :func:`soundini.joint.listening.pool_steps`.
        targets: distribution over :data:`soundini.training.classes.CLASSES`.
        share: weight of each.
        fold: of the recording; recordings of one group lie in one fold.
        whole: whether it is the whole of a recording of one class alone, and of which; -1 where it is not.

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


@dataclass(frozen=True, eq=False)
class Fitted:
    """A probe and a hidden layer; what they say is added.

    Shape:
        both take ``[N, features]`` and return ``[N, classes]``.
    """

    probe: Probe
    hidden: HiddenLayer

    def logits(self, features: Tensor) -> Tensor:
        """``[N, features]`` -> ``[N, classes]``."""
        return self.probe.logits(features) + self.hidden.logits(features)


def fit_sound_head(head: SoundHead, examples: Examples) -> float:
    """Fit a head to what the network says: multinomial logistic regression, and a hidden layer that corrects it; calibrated.

    Both are fitted on the first principal components of the standardised features. What is unlike the examples is then doubted,
    see :class:`soundini.joint.towers.SoundHead`. The temperature is the one under which whole recordings of a fold are likeliest
    to what is fitted on the other folds.

    Args:
        head: its weights are written in place.
        examples: see :func:`gather`; of all classes.

    Returns:
        The temperature.
    """
    components = Components.of(examples.features)
    reduced = replace(examples, features=components.reduce(examples.features))
    with torch.no_grad():
        head.centre.copy_(components.mean)
        head.scale.copy_(components.scale)
        doubt = head.doubt(examples.features)
    logits, kinds = [], []
    for number in reduced.fold.unique():
        away = reduced.fold != number
        known = ~away & (reduced.whole >= 0)
        if away.any() and known.any():
            whole = reduced.of(known)
            logits.append(_fit(reduced.of(away)).logits(whole.features) / doubt[known])
            kinds.append(whole.whole)
    temperature = 1.0
    if logits:
        true = torch.cat(kinds)
        common = torch.bincount(
            true, minlength=len(CLASSES)
        ).float()  # every recording counts alike
        temperature, _ = fit_temperature(torch.cat(logits), true, common)
    fitted = _fit(reduced)
    hidden = components.unfold_hidden(fitted.hidden)
    write_head(head, Fitted(components.unfold(fitted.probe), hidden), temperature)
    return temperature


@torch.no_grad()
def write_head(head: SoundHead, fitted: Fitted, temperature: float) -> None:
    """Write what was fitted on :data:`soundini.training.classes.CLASSES` into a head, whose classes are in the order of names."""
    order = [CLASSES.index(name) for name in sorted(CLASSES)]
    probe, hidden = fitted.probe, fitted.hidden
    head.weight.copy_(probe.weight[order] / temperature)
    head.bias.copy_((probe.bias - probe.bias.mean())[order] / temperature)
    head.inner.weight.copy_(hidden.inner)
    head.inner.bias.copy_(hidden.bias)
    head.outer.weight.copy_(hidden.outer[order] / temperature)


@torch.no_grad()
def gather(
    network: nn.Module,
    recordings: Sequence[Recording],
    steps: Sequence[Steps],
    *,
    drawn: int = _DRAWN,
    pairs: int = _PAIRS,
    tones: int = _TONES,
    noises: int = _NOISES,
    seed: int = 0,
) -> Examples:
    """Gather contexts of all recordings, sounds drawn of the recordings of each fold, tones and noise.

    Effects count alike and "none" a little more; within a class, groups count by the root of their number of recordings.

    Args:
        network: what listens to the drawn sounds, tones and noise.
        recordings: of all classes.
        steps: what the network says of each.
        drawn: how many sounds each of :data:`FOLDS` folds gives that are mixed and coloured.
        pairs: how many mixtures of classes that are often heard together.
        tones: how many tones each fold has.
        noises: how many steady noises each fold has.
        seed: where contexts and all that is drawn come from.
    """
    folds = deal_folds(recordings, FOLDS)
    rows: list[_Row] = []
    rng = np.random.default_rng((seed, 0))
    parts = (
        (drawn, _DRAWN_SHARE),
        (pairs, _PAIRS_SHARE),
        (tones, _TONES_SHARE),
        (noises, _NOISE_SHARE),
    )
    rest = 1 - _WHOLE_SHARE - sum(part for count, part in parts if count)
    each = zip(recordings, steps, folds, _weights(recordings), strict=True)
    for recording, said, fold, weight in each:
        for number, (first, length) in enumerate(_stretches(len(said), rng)):
            share = weight * (rest / (_CONTEXTS - 1) if number else _WHOLE_SHARE)
            whole = -1 if number or recording.also is not None else recording.kind
            pooled = pool_steps(said.part(first, first + length))
            rows.append((pooled, recording.target, share, fold, whole))
    for fold in sorted(set(folds)):
        mine = [recording for recording, its in zip(recordings, folds, strict=True) if its == fold]
        made = (
            (draw_sounds(mine, drawn, np.random.default_rng((seed, 1, fold))), _DRAWN_SHARE),
            (draw_pairs(mine, pairs, np.random.default_rng((seed, 4, fold))), _PAIRS_SHARE),
            (draw_tones(tones, np.random.default_rng((seed, 2, fold))), _TONES_SHARE),
            (draw_noise(noises, np.random.default_rng((seed, 3, fold))), _NOISE_SHARE),
        )
        for sounds, part in made:
            for sound in sounds:
                heard = Steps.of(network(log_power(sound.power).T[None])[0], sound.power)
                share = part / (len(sounds) * len(set(folds)))
                rows.append((pool_steps(heard), sound.target, share, fold, -1))
    features, targets, shares, numbers, whole = zip(*rows, strict=True)
    weights = torch.tensor(shares)
    return Examples(
        torch.stack(features),
        torch.stack(targets),
        weights / weights.sum(),  # a fold may lack what its pairs are of
        torch.tensor(numbers),
        torch.tensor(whole),
    )


def _weights(recordings: Sequence[Recording]) -> list[float]:
    """How much each recording counts; all together 1."""
    members = Counter((recording.kind, recording.group) for recording in recordings)
    weight = torch.tensor([members[r.kind, r.group] ** -0.5 for r in recordings])
    kinds = torch.tensor([r.kind for r in recordings])
    total = torch.zeros(len(CLASSES)).index_add(0, kinds, weight)
    importance = class_importance(_COUNTS)
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


def _fit(examples: Examples) -> Fitted:
    share = examples.share / examples.share.mean()
    features, targets = examples.features, examples.targets
    with torch.enable_grad():
        probe = fit_probe(features, targets, share, PENALTY, standardise=False)
    units = SoundHead.HIDDEN // _LAYERS
    layers = [fit_hidden_layer(features, targets, share, units, seed) for seed in range(_LAYERS)]
    return Fitted(probe, HiddenLayer.mean_of(layers))
