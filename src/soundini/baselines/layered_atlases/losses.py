"""What the layers are fitted by (section 3.3 of the paper). All take and give tensors; means over the points."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor


def rigidity(here: Tensor, right: Tensor, below: Tensor, step: float) -> Tensor:
    """How far a mapping is from moving things rigidly: 0 where it only turns, mirrors and shifts them.

    It grows steeply where the plane is squeezed onto a line.
    ``|J^T J|_F + |(J^T J)^-1|_F - 2 sqrt(2)``, J the mapping's Jacobian by finite differences: eq. 4 of the paper less its
    minimum.

    Args:
        here: where pixels lie on the atlas.
        right: where their right neighbours do.
        below: where their lower neighbours do.
        step: distance of neighbours.

    Shape:
        positions: ``[N, 2]``; returns a scalar.
    """
    along, down = (right - here) / step, (below - here) / step
    a, b, c = along.square().sum(1), (along * down).sum(1), down.square().sum(1)
    norm = (a.square() + 2 * b.square() + c.square()).sqrt()
    return (norm + norm / (a * c - b.square()).clamp(min=1e-4)).mean() - 2 * math.sqrt(2)


def consistency(here: Tensor, there: Tensor, weight: Tensor) -> Tensor:
    """How far apart two values lie that should be one, since the flow leads from one to the other: weighted mean distance.

    Of positions on an atlas, eq. 5 of the paper; of alphas, eq. 6.

    Shape:
        ``here``, ``there``: ``[N, C]``; ``weight``: ``[N, 1]`` in [0, 1], 0 where the flow cannot be trusted.
    """
    apart = (here - there).square().sum(1, keepdim=True).add(1e-12).sqrt() - 1e-6
    return (weight * apart).mean()


def reconstruction(colours: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance of colours, eq. 2."""
    return (colours - wanted).square().sum(1).mean()


def edges(colours: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance of the differences from pixels to their right and lower neighbours, eq. 3.

    Shape:
        ``[3 N, 3]`` each: pixels, right neighbours, lower neighbours.
    """
    here, right, below = (colours - wanted).chunk(3)
    return ((right - here).square() + (below - here).square()).sum(1).mean()


def sparsity(alpha: Tensor, foreground: Tensor) -> Tensor:
    """What the foreground's atlas holds where it is not seen should be black, eq. 7: it is then no copy of the background."""
    return ((1 - alpha) * (foreground + 1) / 2).square().sum(1).mean()


def bootstrapping(alpha: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy between alpha and a rough mask of the foreground (the paper's section 3.3; there by Mask R-CNN)."""
    return F.binary_cross_entropy(alpha, mask)
