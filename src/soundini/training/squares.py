"""Pictures of a data folder as squares of one size, for measuring."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from soundini.geometry import Box, to_model
from soundini.training.images import LabelledImages


def centre_square(picture: np.ndarray, size: int) -> Tensor:
    """The largest square in the middle of a picture, resized.

    Shape:
        ``picture``: ``uint8 [H, W, 3]``; returns ``[1, 3, size, size]`` in [-1, 1].
    """
    height, width = picture.shape[:2]
    side = min(height, width)
    box = Box((width - side) // 2, (height - side) // 2, side, side)
    return to_model(picture[None], box, (size, size))


def centre_squares(
    images: LabelledImages, size: int, labels: tuple[str, ...]
) -> tuple[Tensor, list[str]]:
    """The centre square of every picture with one of the labels, and the label of each.

    Shape:
        returns ``[N, 3, size, size]`` in [-1, 1].
    """
    found = [(label, p) for label in labels for p in images.by_label.get(label, [])]
    if not found:
        return torch.zeros(0, 3, size, size), []
    return torch.cat([centre_square(p, size) for _, p in found]), [label for label, _ in found]
