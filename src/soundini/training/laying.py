"""Lays pictures into others, as an edit lies in the square around its region."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_SHORTER = (0.6, 1.0)
"""The shorter axis of a region, as a share of the longer."""

_EDGE = (0.08, 0.25)
"""Width of the soft edge, as a share of a half-axis."""


def laid_in(pictures: Tensor, backgrounds: Tensor, generator: np.random.Generator) -> Tensor:
    """Show each picture inside a soft box or ellipse, and its background outside.

    Args:
        pictures: shown inside.
        backgrounds: shown outside.
        generator: where the shapes come from.

    Shape:
        ``pictures``, ``backgrounds``: ``[B, 3, S, S]``; returns the same.
    """
    count, size = len(pictures), pictures.shape[-1]
    axes = np.ones((count, 2))
    axes[np.arange(count), generator.integers(2, size=count)] = generator.uniform(
        *_SHORTER, size=count
    )
    edge = torch.from_numpy(generator.uniform(*_EDGE, size=(count, 1, 1))).float()
    box = torch.from_numpy(generator.random((count, 1, 1)) < 0.5)
    grid = ((torch.arange(size) + 0.5) * 2 / size - 1).abs()
    x = grid[None, None, :] / torch.from_numpy(axes[:, :1, None]).float()
    y = grid[None, :, None] / torch.from_numpy(axes[:, 1:, None]).float()
    distance = torch.where(box, torch.maximum(x, y), (x**2 + y**2).sqrt())
    mask = ((1 - distance) / edge).clamp(0, 1)[:, None]
    return mask * pictures + (1 - mask) * backgrounds
