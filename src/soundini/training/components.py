"""Principal components of features, on which a probe is fitted faster than on all of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from soundini.training.hidden_layer import HiddenLayer
from soundini.training.probe import Probe

_COMPONENTS = 500
"""Number of components; they hold nearly all variance of a few thousand examples."""

_LEAST_SPREAD = 1e-4
"""A feature with a smaller deviation counts as constant."""


@dataclass(frozen=True, eq=False)
class Components:
    """Standardised features, and the directions in which they vary most.

    Shape:
        ``mean``, ``spread``: ``[features]``; ``basis``: ``[features, components]``, orthonormal.
    """

    mean: Tensor
    spread: Tensor
    basis: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Components:
        """Compute the components of examples ``[N, features]``; the global random state is not touched."""
        mean, spread = features.mean(0), features.std(0).clamp_min(_LEAST_SPREAD)
        x = (features - mean) / spread
        count = min(_COMPONENTS, *x.shape)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            basis = torch.pca_lowrank(x, count, center=False, niter=2)[2]
        return cls(mean, spread, basis)

    def reduce(self, features: Tensor) -> Tensor:
        """``[N, features]`` -> ``[N, components]``, no longer standardised: the first varies most."""
        return ((features - self.mean) / self.spread) @ self.basis

    def unfold(self, probe: Probe) -> Probe:
        """Turn a probe on the components into one on the features with the same output."""
        weight = (probe.weight @ self.basis.T) / self.spread
        return Probe(weight, probe.bias - weight @ self.mean)

    def unfold_hidden(self, layer: HiddenLayer) -> HiddenLayer:
        """Turn a hidden layer on the components into one on the features with the same output."""
        weight = (layer.inner @ self.basis.T) / self.spread
        return HiddenLayer(weight, layer.bias - weight @ self.mean, layer.outer)
