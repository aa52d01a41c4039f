"""Values along the optical flow: averaged over several frames, and carried from a few frames to those between them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from soundini.flow.pairs import FlowPairs, estimate_pairs
from soundini.flow.protocol import FlowEstimator
from soundini.flow.warp import warp

_TRACE = 1e-3
"""Weight of values that cannot be trusted. They count only if there are no others; then the nearer side counts most."""


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


def carry_between(
    known: Tensor, cover: Tensor, keyframes: Sequence[int], frames: Tensor, flow: FlowEstimator
) -> Tensor:
    """Carry what is known of keyframes to the frames between them.

    For frame i between keyframes a and b, with the flow f from i to each and w of a being (b - i) / (b - a), that of b the rest:

        out_i(p) = sum_k w_k v_k(p) known_k(p + f_k(p)) / sum_k w_k v_k(p),   k in {a, b}

    v_k(p) is 1 where k shows the point p of frame i and ``cover`` has it there: what one side hides is taken from the other, and
    where neither shows it, from both as it comes. Past the last keyframe there is one side.

    f_k is measured between i and the keyframe itself, not put together from neighbour to neighbour, whose errors add up: the
    warped source was off by more at every distance from 2 to 8 frames (docs/bench-stride.md).

    Args:
        known: anything that lies on the keyframes' pixels.
        cover: where it counts, in [0, 1].
        keyframes: which frames they are, rising from 0.
        frames: all frames in [-1, 1].
        flow: who estimates it; it is asked for two frames at a time.

    Shape:
        ``known``: ``[K, C, H, W]``; ``cover``: ``[K, 1, H, W]``; ``frames``: ``[T, 3, H, W]``; returns ``[T, C, H, W]``,
        on keyframes what was given.
    """
    out = known.new_empty(len(frames), *known.shape[1:])
    out[list(keyframes)] = known
    ends = [*keyframes[1:], len(frames)]
    for number, (start, end) in enumerate(zip(keyframes, ends, strict=True)):
        for i in range(start + 1, end):
            between = number + 1 < len(keyframes)
            near = [start, i, end] if between else [start, i]
            pairs = estimate_pairs(frames[near], flow)
            paths = [(number, pairs.flow_bwd[:1], pairs.visible_bwd[:1], end - i)]
            if between:
                paths.append((number + 1, pairs.flow_fwd[1:], pairs.visible_fwd[1:], i - start))
            total, weight = torch.zeros_like(known[:1]), torch.zeros_like(cover[:1])
            for keyframe, path, visible, closeness in paths:
                side = slice(keyframe, keyframe + 1)
                share = closeness * (visible * warp(cover[side], path) + _TRACE)
                total += share * warp(known[side], path)
                weight += share
            out[i] = (total / weight)[0]
    return out
