"""The hidden layer beside the linear probe: what a linear probe cannot say, learned under heavy regularisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

_STEPS, _BATCH, _LR, _DECAY = 350, 256, 2e-3, 0.3
_WARMUP = 50

_DROPPED_IN, _DROPPED = 0.5, 0.4
"""Dropout of the features and of the hidden units."""

_MIXED = 0.4
"""Both parameters of the beta distribution by which two examples are mixed (mixup, arXiv 1710.09412)."""

_NOISE = 0.1
"""Deviation of the noise that is added to the features, whose own is 1 on average."""


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
