"""The fixed directions of the embedded joint space, one for each class."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.joint.embedded import TEMPERATURE
from soundini.training.classes import CLASSES
from soundini.training.probe import Probe


def class_directions(dim: int) -> dict[str, Tensor]:
    """Fixed directions at right angles to each other: class -> ``[dim]``, unit length.

    Both towers are trained towards them, as towards a classifier that is never updated (Hoffer et al. 2018,
    arXiv 1801.04540). Learned directions would put rain and river side by side, and a prior that is conditioned on them could
    not tell them apart. Since they are fixed, a tower can be trained anew while the prior stays.

    Args:
        dim: length of an embedding, at least the number of classes.
    """
    chance = torch.Generator().manual_seed(1)
    basis, _ = torch.linalg.qr(torch.randn(dim, len(CLASSES), generator=chance))
    return {name: basis[:, k].clone() for k, name in enumerate(CLASSES)}


@torch.no_grad()
def say_by_directions(layer: nn.Linear, probe: Probe, basis: Tensor) -> None:
    """Make a layer's output the sum of the directions, each times its class's centred logit.

    The likeliest class then has the direction nearest to the output.

    Args:
        layer: the last of a tower; its weights are written in place.
        probe: fitted to the layer's input.
        basis: the directions, in the order of the probe's classes.

    Shape:
        ``basis``: ``[classes, D]``, orthonormal.
    """
    layer.weight.copy_(basis.T @ (probe.weight - probe.weight.mean(0)))
    layer.bias.copy_(basis.T @ (probe.bias - probe.bias.mean()))


@torch.no_grad()
def face_directions(layer: nn.Linear, basis: Tensor) -> None:
    """Project a layer's output onto the span of the directions: the rest names no class, and shortens every cosine.

    A loss on cosines to the directions never brings the rest back.

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
    """Mean share of each class in some batches of targets: ``[B, classes]`` each -> ``[classes]``, sums to 1."""
    return torch.cat(list(targets)).mean(0).clamp_min(1e-3)


def class_loss(
    embeds: Tensor, basis: Tensor, targets: Tensor, shares: Tensor, tau: float = 1.0
) -> Tensor:
    """Cross-entropy of softmax(e · directions / 0.1 + tau · log shares) with targets (Menon et al. 2021, arXiv 2007.07314).

    Many training pictures show a faint effect, which counts as "none" in part. The term with the shares corrects for that, so
    that the towers do not answer "none" whenever they are unsure.

    Args:
        embeds: unit length.
        basis: the directions, in the order of the classes.
        targets: distributions over the classes.
        shares: see :func:`mean_shares`.
        tau: weight of the correction, 0 to 1; at 1, "none" is hardly ever the answer.

    Shape:
        ``embeds``: ``[B, D]``; ``basis``: ``[classes, D]``; ``targets``: ``[B, classes]``; ``shares``: ``[classes]``; returns a
        scalar.
    """
    return F.cross_entropy(embeds @ basis.T / TEMPERATURE + tau * shares.log(), targets)
