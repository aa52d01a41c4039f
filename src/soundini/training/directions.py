"""The fixed directions of the embedded joint space, one for each class."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.joint.embedded import TEMPERATURE
from soundini.training.classes import CLASSES
from soundini.training.probe import Probe


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


@torch.no_grad()
def say_by_directions(layer: nn.Linear, probe: Probe, basis: Tensor) -> None:
    """Make a layer say the sum of the directions, each by its class's logit less their mean.

    The direction nearest to what it says is then that of the likeliest class.

    Args:
        layer: the last of a tower; its weights are written in place.
        probe: of what the layer reads.
        basis: the directions, in the order of the probe's classes.

    Shape:
        ``basis``: ``[classes, D]``, orthonormal.
    """
    layer.weight.copy_(basis.T @ (probe.weight - probe.weight.mean(0)))
    layer.bias.copy_(basis.T @ (probe.bias - probe.bias.mean()))


@torch.no_grad()
def face_directions(layer: nn.Linear, basis: Tensor) -> None:
    """Take out of what a layer says all that lies across the directions: it names nothing, and shortens every cosine.

    A loss that reads cosines to the directions alone never brings it back.

    Args:
        layer: the last of a tower; its weights are written in place.
        basis: the directions.

    Shape:
        ``basis``: ``[classes, D]``, orthonormal.
    """
    onto = basis.T @ basis
    layer.weight.copy_(onto @ layer.weight)
    layer.bias.copy_(onto @ layer.bias)


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
