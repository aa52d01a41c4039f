"""Optical flow applied: warping, resizing, and where it is occluded."""

import torch
import torch.nn.functional as F
from torch import Tensor


def warp(x: Tensor, flow: Tensor) -> Tensor:
    """Sample ``x`` where the flow points: ``output(p) = x(p + flow(p))``.

    With ``flow_fwd[i]`` and ``x = frames[i + 1]`` the output is frame i rebuilt from frame i+1;
    with ``flow_bwd[i]`` and ``x = frames[i]`` it is frame i+1 rebuilt from frame i. Bilinear; a
    sample outside the frame takes the nearest border pixel (see :func:`inside` for where that
    happens). Differentiable in both arguments. Positions are computed in float32 at least, since
    half precision cannot tell neighbouring pixels apart.

    Args:
        x: Images or feature maps to sample from.
        flow: Flow in pixels.

    Shape:
        - ``x``: ``[B, C, H, W]``
        - ``flow``: ``[B, 2, H, W]``
        - output: ``[B, C, H, W]``, in the dtype of ``x``
    """
    if x.shape[0] != flow.shape[0] or x.shape[-2:] != flow.shape[-2:] or flow.shape[1] != 2:
        raise ValueError(f"x {tuple(x.shape)} and flow {tuple(flow.shape)} do not match")
    if x.shape[0] == 0:
        return x.clone()
    height, width = x.shape[-2:]
    dtype = torch.promote_types(torch.promote_types(x.dtype, flow.dtype), torch.float32)
    xs, ys = _targets(flow.to(dtype))
    # pixel centres 0 and W-1 lie at -1 and 1: the grid of align_corners=True, and of no other
    # setting
    grid = torch.stack(
        (2 * xs / max(width - 1, 1) - 1, 2 * ys / max(height - 1, 1) - 1),
        dim=-1,
    )
    sampled = F.grid_sample(
        x.to(dtype), grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    return sampled.to(x.dtype)


def inside(flow: Tensor) -> Tensor:
    """Tell where the flow stays in the frame: 1 where ``p + flow(p)`` falls on a pixel, else 0.

    A pixel reaches half a pixel beyond its centre, so the frame spans [-0.5, W - 0.5]; without
    that margin noise of a hundredth of a pixel would discard whole border rows.

    Args:
        flow: Flow in pixels.

    Shape:
        - ``flow``: ``[B, 2, H, W]``
        - output: ``[B, 1, H, W]``, in the dtype of ``flow``, without gradient
    """
    height, width = flow.shape[-2:]
    xs, ys = _targets(flow.detach().float())
    held = (xs >= -0.5) & (xs <= width - 0.5) & (ys >= -0.5) & (ys <= height - 0.5)
    return held.unsqueeze(1).to(flow.dtype)


def _targets(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the x and the y that every pixel samples, ``[B, H, W]`` each."""
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype).view(1, 1, width)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype).view(1, height, 1)
    return columns + flow[:, 0], rows + flow[:, 1]


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


@torch.no_grad()
def occlusion(flow: Tensor, flow_back: Tensor, alpha: float = 0.01, beta: float = 0.5) -> Tensor:
    """Find pixels that the other frame does not show: hidden there, or out of the frame.

    A visible pixel that follows the flow and then the flow back returns to where it started:
    ``|f(p) + b(p + f(p))|^2 < alpha (|f(p)|^2 + |b(p + f(p))|^2) + beta`` (Sundaram, Brox and
    Keutzer, ECCV 2010). A flow that is not finite counts as occluded.

    Args:
        flow: Flow from the frame in question to the other one, in pixels.
        flow_back: Flow from the other frame back, in pixels.
        alpha: Tolerance that grows with the motion.
        beta: Tolerance in square pixels.

    Shape:
        - ``flow``, ``flow_back``: ``[B, 2, H, W]``
        - output: ``[B, 1, H, W]`` in {0, 1}, 1 = occluded; it lies on the grid of the frame
          ``flow`` starts from
    """
    forward = flow.float()
    back = warp(flow_back.float(), forward)
    gap = (forward + back).square().sum(dim=1, keepdim=True)
    motion = forward.square().sum(dim=1, keepdim=True) + back.square().sum(dim=1, keepdim=True)
    consistent = gap < alpha * motion + beta
    return 1 - consistent.to(flow.dtype) * inside(flow)
