"""The fixed directions of the embedded joint space, one for each class."""

from __future__ import annotations

import torch
from torch import Tensor

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
