"""Optical flow: who estimates it, how frames are warped along it, and where it can be trusted.

Conventions, everywhere: frames are ``[T, 3, H, W]`` in [-1, 1]; a flow is in pixels, channel 0 = x
(right), channel 1 = y (down); ``flow_fwd[i]`` takes pixel p of frame i to ``p + flow_fwd[i](p)``
in frame i+1, and ``flow_bwd[i]`` takes pixels of frame i+1 to frame i.
"""

from soundini.flow.dis import DISFlow
from soundini.flow.pairs import FlowPairs, estimate_pairs
from soundini.flow.protocol import FlowEstimator
from soundini.flow.raft import RAFTFlow
from soundini.flow.warp import inside, occlusion, resize_flow, warp
from soundini.flow.warp_error import visible_share, warp_error

__all__ = [
    "DISFlow",
    "FlowEstimator",
    "FlowPairs",
    "RAFTFlow",
    "estimate_pairs",
    "inside",
    "occlusion",
    "resize_flow",
    "visible_share",
    "warp",
    "warp_error",
]
