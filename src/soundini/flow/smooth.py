"""Averages values along the optical flow, over several frames."""

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


def settle(
    change: Tensor, scene: FlowPairs, effect: FlowPairs | None = None, rounds: int = 1
) -> Tensor:
    """Average a change over time, each part of it along its own motion.

    What stands on the scene (a darker light, wet ground) is averaged along the scene's flow; what is left (flames, drops),
    along the effect's. A part that follows either motion stays sharp; what follows neither is flicker, and fades.

    Args:
        change: edited minus source.
        scene: flow of the scene between neighbours.
        effect: flow of the effect, or None where it moves with the scene.
        rounds: see :func:`smooth_along`; 0 leaves the change as it is.

    Shape:
        ``change``: ``[T, 3, H, W]``; returns the same.
    """
    standing = smooth_along(change, scene, rounds)
    if effect is None or rounds == 0:
        return standing
    return standing + smooth_along(change - standing, effect, rounds)
