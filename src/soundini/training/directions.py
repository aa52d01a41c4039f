"""The fixed directions of the embedded joint space, one for each class."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.joint.embedded import TEMPERATURE
from soundini.training.classes import CLASSES


def class_directions(dim: int) -> dict[str, Tensor]:
    """Directions at right angles to each other, the same for ever: class -> ``[dim]``, unit length.

    Both towers are trained towards them, as towards a classifier that is never updated (Hoffer et al. 2018,
    arXiv 1801.04540). Left to themselves, rain and river end up as neighbours, and a prior that is told their embeddings
    cannot tell them apart; fixed, a tower can be trained anew without what was told by the old one losing its meaning.

    Args:
        dim: length of an embedding, at least the number of classes.
    """
    chance = torch.Generator().manual_seed(1)
    basis, _ = torch.linalg.qr(torch.randn(dim, len(CLASSES), generator=chance))
    return {name: basis[:, k].clone() for k, name in enumerate(CLASSES)}


def mean_shares(targets: Iterable[Tensor]) -> Tensor:
    """How much of each class there is in some batches of targets: ``[B, classes]`` each -> ``[classes]``, sums to 1."""
    return torch.cat(list(targets)).mean(0).clamp_min(1e-3)


def class_loss(
    embeds: Tensor, basis: Tensor, targets: Tensor, shares: Tensor, tau: float = 1.0
) -> Tensor:
    """Cross-entropy of softmax(e · directions / 0.1 + tau · log shares) with targets (Menon et al. 2021, arXiv 2007.07314).

    Most of what training draws is faint, and counts as "none" in part. Told how common each class is, the loss does not
    teach the towers to take for "none" whatever they are unsure of.

    Args:
        embeds: unit length.
        basis: the directions, in the order of the classes.
        targets: distributions over the classes.
        shares: see :func:`mean_shares`.
        tau: how far it is told: 0, not at all; at 1, "none" is hardly ever seen.

    Shape:
        ``embeds``: ``[B, D]``; ``basis``: ``[classes, D]``; ``targets``: ``[B, classes]``; ``shares``: ``[classes]``; returns a
        scalar.
    """
    return F.cross_entropy(embeds @ basis.T / TEMPERATURE + tau * shares.log(), targets)
