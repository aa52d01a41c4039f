"""Where a flow cannot be trusted, by forward-backward consistency."""

import torch
from torch import Tensor

from soundini.flow.warp import inside, warp


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
