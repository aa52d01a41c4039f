"""How loudness reaches the picture, besides how strongly a frame is guided."""

from __future__ import annotations

from torch import Tensor

from soundini.config.recipe import Recipe
from soundini.packs.pack import ModelPack

_FADE_IN = 0.1
"""Strength up to which a change whose amount the prior draws is faded in, so that silence is reached without a jump."""


def amount_is_drawn(pack: ModelPack, recipe: Recipe) -> bool:
    """Whether the prior itself draws more of an effect for a louder sound: one that sees the source and takes a condition."""
    sampling = recipe.sampling
    sees = pack.denoiser.sees_source and sampling.see
    return sees and pack.denoiser.condition is not None and sampling.condition > 0


def opacity(strength: Tensor, drawn: bool) -> Tensor:
    """How much of the change is laid into each frame, 0 to 1.

    Args:
        strength: envelope of the frames, 0 to 1.
        drawn: see :func:`amount_is_drawn`. Then all of the change is laid in, but where there is next to no sound; else the
            strength itself says how much.
    """
    return (strength / _FADE_IN if drawn else strength).clamp(0, 1)
