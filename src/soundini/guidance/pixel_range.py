"""Range guidance: predicted clean frames stay within what a pixel can be."""

from __future__ import annotations

from torch import Tensor

from soundini.guidance.context import GuidanceContext


class RangeGuidance:
    """mean((x0 - clamp(x0, -1, 1))²) of each frame.

    Shape:
        calls return ``[T]``.
    """

    name = "range"

    def __call__(self, context: GuidanceContext) -> Tensor:
        """How far each frame leaves [-1, 1]."""
        x = context.pred_xstart
        return (x - x.clamp(-1, 1)).square().mean((1, 2, 3))
