"""Resizing a flow field, vectors included."""

import torch.nn.functional as F
from torch import Tensor


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a flow field and scale its vectors to the new pixel grid.

    Bilinear over pixel areas (``align_corners=False``, antialiased when it shrinks), the
    convention of frame
    resizing: a motion of k pixels in a frame of width W is a motion of ``k * W' / W`` pixels at
    width W'.

    Args:
        flow: Flow in pixels of its own grid.
        size: ``(height, width)`` wanted, in pixels.

    Shape:
        - ``flow``: ``[B, 2, H, W]``
        - output: ``[B, 2, H', W']``
    """
    height, width = flow.shape[-2:]
    if (height, width) == tuple(size):
        return flow
    if flow.shape[0] == 0:
        return flow.new_zeros(0, 2, *size)
    # half precision would round vectors of tens of pixels to 1/32 of a pixel, and has no CPU kernel
    resized = F.interpolate(
        flow.float(), size=size, mode="bilinear", align_corners=False, antialias=True
    )
    scale = resized.new_tensor([size[1] / width, size[0] / height]).view(1, 2, 1, 1)
    return (resized * scale).to(flow.dtype)
