"""A linear probe: multinomial logistic regression with classes that count by importance, and its temperature."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.training.classes import CLASSES, NONE

_ITERATIONS = 300
_TEMPERATURES = torch.logspace(-0.7, 0.7, 57)


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


def class_importance(neutral: float) -> Tensor:
    """``neutral`` for "none", 1 for every other class: ``[classes]``, as :func:`example_weights` takes it."""
    return torch.tensor([neutral if name == NONE else 1.0 for name in CLASSES])


def example_weights(targets: Tensor, importance: Tensor) -> Tensor:
    """Weights, of mean 1, by which each class that occurs adds up to its importance.

    Shape:
        ``targets``: ``[N]``; ``importance``: ``[classes]``; returns ``[N]``.
    """
    share = (importance / torch.bincount(targets, minlength=len(importance)))[targets]
    return share / share.mean()


def _cross_entropy(logits: Tensor, targets: Tensor, share: Tensor) -> Tensor:
    return (share * F.cross_entropy(logits, targets, reduction="none")).mean()
