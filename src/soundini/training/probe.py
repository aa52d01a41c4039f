"""What is fitted on features: a linear probe and its temperature, a hidden layer beside it, principal components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.training.classes import CLASSES

_ITERATIONS = 300
_TEMPERATURES = torch.logspace(-0.7, 0.7, 57)
_STEPS, _BATCH, _LR, _DECAY = 350, 256, 2e-3, 0.3
_WARMUP = 50

_DROPPED_IN, _DROPPED = 0.5, 0.4
"""Dropout of the features and of the hidden units."""

_MIXED = 0.4
"""Both parameters of the beta distribution by which two examples are mixed (mixup, arXiv 1710.09412)."""

_NOISE = 0.1
"""Deviation of the noise that is added to the features, whose own is 1 on average."""
_COMPONENTS = 500
"""Number of components; they hold nearly all variance of a few thousand examples."""

_LEAST_SPREAD = 1e-4
"""A feature with a smaller deviation counts as constant, and is left out."""


@dataclass(frozen=True, eq=False)
class Probe:
    """logits = W f + b.

    Shape:
        ``weight``: ``[classes, features]``; ``bias``: ``[classes]``.
    """

    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """``[N, features]`` -> ``[N, classes]``."""
        return features @ self.weight.T + self.bias


def fit_probe(
    features: Tensor, targets: Tensor, share: Tensor, l2: float, *, standardise: bool = True
) -> Probe:
    """Minimise the weighted cross-entropy plus l2/2 |W|² over standardised features, by L-BFGS.

    The returned probe takes features as they are: the standardisation is folded in.

    Args:
        features: of the examples.
        targets: distribution over the classes.
        share: weight of each example, of mean 1; see :func:`example_weights`.
        l2: strength of the penalty, above 0.
        standardise: False takes the features as they are.

    Shape:
        ``features``: ``[N, D]``; ``targets``: ``[N, classes]``; ``share``: ``[N]``.
    """
    mean, spread = features.mean(0), features.std(0).clamp_min(1e-6)
    if not standardise:
        mean, spread = torch.zeros_like(mean), torch.ones_like(spread)
    x, classes = (features - mean) / spread, targets.shape[1]
    weight = torch.zeros(classes, features.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _cross_entropy(x @ weight.T + bias, targets, share)
        loss = loss + 0.5 * l2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    folded = weight.detach() / spread
    return Probe(folded, bias.detach() - folded @ mean)


def fit_temperature(logits: Tensor, targets: Tensor, importance: Tensor) -> tuple[float, float]:
    """The temperature that makes softmax(logits / T) likeliest, classes counting by importance (arXiv 1706.04599).

    Returns:
        T, and the cross-entropy at it, nats.

    Shape:
        ``logits``: ``[N, classes]``; ``targets``: ``[N]``; ``importance``: ``[classes]``.
    """
    share = example_weights(targets, importance)
    losses = torch.stack([_cross_entropy(logits / t, targets, share) for t in _TEMPERATURES])
    best = int(losses.argmin())
    return float(_TEMPERATURES[best]), float(losses[best])


def class_importance(counts: Mapping[str, float]) -> Tensor:
    """What ``counts`` says of some classes, 1 for every other: ``[classes]``, as :func:`example_weights` takes it."""
    return torch.tensor([counts.get(name, 1.0) for name in CLASSES])


def example_weights(targets: Tensor, importance: Tensor) -> Tensor:
    """Weights, of mean 1, by which each class that occurs adds up to its importance.

    Shape:
        ``targets``: ``[N]``; ``importance``: ``[classes]``; returns ``[N]``.
    """
    share = (importance / torch.bincount(targets, minlength=len(importance)))[targets]
    return share / share.mean()


def _cross_entropy(logits: Tensor, targets: Tensor, share: Tensor) -> Tensor:
    return (share * F.cross_entropy(logits, targets, reduction="none")).mean()


@dataclass(frozen=True, eq=False)
class HiddenLayer:
    """logits = outer gelu(inner f + bias).

    Shape:
        ``inner``: ``[hidden, features]``; ``bias``: ``[hidden]``; ``outer``: ``[classes, hidden]``.
    """

    inner: Tensor
    bias: Tensor
    outer: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """``[N, features]`` -> ``[N, classes]``."""
        return F.gelu(features @ self.inner.T + self.bias) @ self.outer.T

    @classmethod
    def mean_of(cls, layers: Sequence[HiddenLayer]) -> HiddenLayer:
        """One layer that says the mean of what several say."""
        return cls(
            torch.cat([layer.inner for layer in layers]),
            torch.cat([layer.bias for layer in layers]),
            torch.cat([layer.outer for layer in layers], 1) / len(layers),
        )


def fit_hidden_layer(
    features: Tensor, targets: Tensor, share: Tensor, hidden: int, seed: int
) -> HiddenLayer:
    """Train one from scratch by AdamW on batches that are drawn by weight, each example mixed with another.

    Args:
        features: of the examples, standardised or principal components of such.
        targets: distribution over the classes.
        share: weight of each example.
        hidden: how many units, at least 1.
        seed: where all choices come from; the global random state is left alone.

    Shape:
        ``features``: ``[N, D]``; ``targets``: ``[N, classes]``; ``share``: ``[N]``.
    """
    spread = features.square().mean().sqrt().clamp_min(1e-6)
    x = features / spread
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        inner = nn.Linear(x.shape[1], hidden)
        outer = nn.Linear(hidden, targets.shape[1], bias=False)
        layers = nn.Sequential(
            nn.Dropout(_DROPPED_IN), inner, nn.GELU(), nn.Dropout(_DROPPED), outer
        )
        optimizer = torch.optim.AdamW(layers.parameters(), lr=_LR, weight_decay=_DECAY)
        for step in range(_STEPS):
            for group in optimizer.param_groups:
                group["lr"] = (
                    _LR * min(1, step / _WARMUP) * (0.5 + 0.5 * np.cos(np.pi * step / _STEPS))
                )
            one = torch.multinomial(share, _BATCH, replacement=True)
            two = one[torch.randperm(_BATCH)]
            part = torch.from_numpy(rng.beta(_MIXED, _MIXED, (_BATCH, 1))).float()
            mixed = part * x[one] + (1 - part) * x[two]
            said = layers(mixed + _NOISE * torch.randn_like(mixed))
            loss = F.cross_entropy(said, part * targets[one] + (1 - part) * targets[two])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return HiddenLayer(inner.weight.detach() / spread, inner.bias.detach(), outer.weight.detach())


@dataclass(frozen=True, eq=False)
class Components:
    """Standardised features, and the directions in which they vary most.

    Shape:
        ``mean``, ``scale``: ``[features]``; ``basis``: ``[features, components]``, orthonormal.
    """

    mean: Tensor
    scale: Tensor
    basis: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Components:
        """Compute the components of examples ``[N, features]``; the global random state is not touched."""
        mean, spread = features.mean(0), features.std(0)
        scale = torch.where(spread < _LEAST_SPREAD, 0.0, 1 / spread)
        x = (features - mean) * scale
        count = min(_COMPONENTS, *x.shape)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            basis = torch.pca_lowrank(x, count, center=False, niter=2)[2]
        return cls(mean, scale, basis)

    def reduce(self, features: Tensor) -> Tensor:
        """``[N, features]`` -> ``[N, components]``, no longer standardised: the first varies most."""
        return ((features - self.mean) * self.scale) @ self.basis

    def unfold(self, probe: Probe) -> Probe:
        """Turn a probe on the components into one on the features with the same output."""
        weight = (probe.weight @ self.basis.T) * self.scale
        return Probe(weight, probe.bias - weight @ self.mean)

    def unfold_hidden(self, layer: HiddenLayer) -> HiddenLayer:
        """Turn a hidden layer on the components into one on the features with the same output."""
        weight = (layer.inner @ self.basis.T) * self.scale
        return HiddenLayer(weight, layer.bias - weight @ self.mean, layer.outer)
