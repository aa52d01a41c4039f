"""Averaging along the optical flow: what a point of the scene is, over several frames."""

import torch
from torch import Tensor

from soundini.flow.pairs import FlowPairs
from soundini.flow.warp import warp


def smooth_along(x: Tensor, pairs: FlowPairs, rounds: int = 1) -> Tensor:
    """Mix every frame with its neighbours, carried onto it by the flow, where they show the same point.

    One round weighs a frame and each visible neighbour equally; ``r`` rounds reach ``r`` frames either way, with weights
    close to a Gaussian of standard deviation sqrt(2 r / 3) frames.

    Args:
        x: anything that lies on the frames' pixels.
        pairs: flow between neighbours.
        rounds: how often, 0 or more.

    Shape:
        ``x``: ``[T, C, H, W]`` with ``T = len(pairs) + 1``; returns the same.
    """
    for _ in range(rounds):
        total = x.clone()
        weight = torch.ones_like(x[:, :1])
        total[:-1] += pairs.visible_fwd * warp(x[1:], pairs.flow_fwd)
        weight[:-1] += pairs.visible_fwd
        total[1:] += pairs.visible_bwd * warp(x[:-1], pairs.flow_bwd)
        weight[1:] += pairs.visible_bwd
        x = total / weight
    return x
