"""The part of a frame that is judged."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from soundini.errors import MaskError
from soundini.geometry import Box, roi_box, to_model
from soundini.masks.refine import bounds


def bounding_square(region: Box, frame_size: tuple[int, int]) -> Box:
    """The square round a region, moved inside the frame; its side is at most the frame's shorter one.

    Args:
        region: the region's bounds, pixels.
        frame_size: height and width of the frame.
    """
    side = min(max(region.width, region.height), *frame_size)
    x = region.x + (region.width - side) // 2
    y = region.y + (region.height - side) // 2
    return roi_box(Box(x, y, side, side), frame_size, pad=0, min_size=side)


def region_crops(frames: np.ndarray, masks: np.ndarray, size: int) -> Tensor:
    """The square round each frame's mask, resized.

    Args:
        frames: ``uint8`` RGB.
        masks: above 0 where the region is.
        size: side of the squares in pixels.

    Shape:
        ``frames``: ``[T, H, W, 3]``; ``masks``: ``[T, H, W]``; returns ``[T, 3, size, size]`` in [-1, 1].

    Raises:
        MaskError: a mask is empty.
    """
    crops = []
    for number, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        covered = bounds(mask)
        if covered is None:
            raise MaskError(
                "the mask of frame {number} is empty: there is nothing to judge", number=number
            )
        square = bounding_square(covered, (frame.shape[0], frame.shape[1]))
        crops.append(to_model(frame[None], square, (size, size)))
    return torch.cat(crops)
