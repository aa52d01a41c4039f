"""The small guidance terms: background, pixel range and text."""

from torch import Tensor

from soundini.guidance.context import GuidanceContext
from soundini.guidance.sound import RegionEmbeddings
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


class TextGuidance:
    """L_text = d_cos(f_v(x_in · m), f_t(text)), averaged over the views.

    The text is the same for all frames; how strongly a frame is guided still follows the envelope of the sound.

    Args:
        embeddings: the region's embeddings.
        text_embed: the text's, unit length.

    Shape:
        ``text_embed``: ``[D]``; calls return ``[T]`` in [0, 2].
    """

    name = "text"

    def __init__(self, embeddings: RegionEmbeddings, text_embed: Tensor) -> None:
        self.embeddings = embeddings
        self.text_embed = text_embed

    def __call__(self, context: GuidanceContext) -> Tensor:
        """Cosine distance of each frame's region to the text."""
        return (1 - self.embeddings(context) @ self.text_embed).mean(0)
