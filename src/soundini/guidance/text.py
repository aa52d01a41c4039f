"""Text guidance: the region should look as a text says, alone or together with the sound."""

from __future__ import annotations

from torch import Tensor

from soundini.guidance.context import GuidanceContext
from soundini.guidance.sound import RegionEmbeddings


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
