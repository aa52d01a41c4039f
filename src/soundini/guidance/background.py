"""Background guidance: outside the mask, the frames stay as they were."""

from __future__ import annotations

from torch import Tensor

from soundini.guidance.context import GuidanceContext
from soundini.perceptual.protocol import PerceptualDistance


class BackgroundGuidance:
    """L_back = L1(x0 (1 - m), x (1 - m)) + LPIPS(x0 (1 - m), x (1 - m)).

    Args:
        source: the source frames.
        mask: 1 = edit; the term looks at 1 - mask only.
        perceptual: the perceptual distance, or None for L1 alone.

    Shape:
        ``source``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; calls return ``[T]``.
    """

    name = "background"

    def __init__(
        self, source: Tensor, mask: Tensor, perceptual: PerceptualDistance | None = None
    ) -> None:
        self.keep = 1 - mask
        self.source = source * self.keep
        self.perceptual = perceptual
        self.target = None if perceptual is None else perceptual.prepare(self.source)

    def __call__(self, context: GuidanceContext) -> Tensor:
        """Distance of each predicted clean frame's background to the source's."""
        kept = context.pred_xstart * self.keep
        loss = (kept - self.source).abs().mean((1, 2, 3))
        if self.perceptual is not None and self.target is not None:
            loss = loss + self.perceptual.distance_to(self.target, kept, self.keep)
        return loss
