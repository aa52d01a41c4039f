"""Optical-flow guidance: what moves with the scene keeps its look from frame to frame."""

from collections.abc import Callable

import torch
from torch import Tensor

from soundini.flow.pairs import FlowPairs
from soundini.flow.warp import warp
from soundini.guidance.context import GuidanceContext
from soundini.guidance.sound import pairs_to_frames

EstimatePairs = Callable[[Tensor], FlowPairs]


class FlowGuidance:
    """L_flow: each predicted clean frame resembles its neighbours warped onto it, over the whole frame, both ways.

    xbar_{i+1}(p) = x0_i(p + F_{i+1->i}(p)) and xbar_i(p) = x0_{i+1}(p + F_{i->i+1}(p)), squared differences where the
    pixel is visible in both. The ramp ((T - t) / T) is part of the term.

    Args:
        pairs: flow between neighbours, measured once on the source; or a function that measures it on the predicted
            clean frames at every step, as the paper does (differentiable where the estimator is).
        anchor: a finished frame before the first, in the same coordinates; ``pairs`` then start with its pair.
        ramp: multiply by (T - t) / T.
        effect: flow of the effect, where it moves otherwise than the scene; of as many pairs. Each pixel then follows the
            motion that it fits better.

    Shape:
        calls return ``[T]``.
    """

    name = "flow"

    def __init__(
        self,
        pairs: FlowPairs | EstimatePairs,
        *,
        anchor: Tensor | None = None,
        ramp: bool = True,
        effect: FlowPairs | None = None,
    ) -> None:
        self.pairs = pairs
        self.anchor = anchor
        self.ramp = ramp
        self.effect = effect

    def __call__(self, context: GuidanceContext) -> Tensor:
        """Mean squared difference of each frame to its neighbours' warps."""
        frames = context.pred_xstart
        if self.anchor is not None:
            frames = torch.cat([self.anchor, frames])
        pairs = self.pairs if isinstance(self.pairs, FlowPairs) else self.pairs(frames)
        errors = _squared_errors(frames, pairs)
        if self.effect is not None:
            moved = _squared_errors(frames, self.effect, hidden=torch.inf)
            errors = [torch.minimum(a, b) for a, b in zip(errors, moved, strict=True)]
        forward, backward = (error.mean((1, 2, 3)) for error in errors)
        per_frame = pairs_to_frames(forward + backward)
        if self.anchor is not None:
            per_frame = per_frame[1:]
        return per_frame * (context.progress if self.ramp else 1.0)


def _squared_errors(frames: Tensor, pairs: FlowPairs, hidden: float = 0.0) -> list[Tensor]:
    """Squared difference of each frame to its neighbour's warp, forwards and backwards; ``hidden`` where that is not seen.

    Shape:
        returns ``[T - 1, 1, H, W]`` twice.
    """
    here, there = frames[:-1], frames[1:]
    forward = (warp(there, pairs.flow_fwd) - here).square().mean(1, keepdim=True)
    backward = (warp(here, pairs.flow_bwd) - there).square().mean(1, keepdim=True)
    return [
        torch.where(pairs.visible_fwd > 0.5, forward, hidden),
        torch.where(pairs.visible_bwd > 0.5, backward, hidden),
    ]
