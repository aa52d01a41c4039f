"""How a change is faded: over the frames that two windows share, and with the loudness of the sound."""

import torch
from torch import Tensor

from soundini.config.recipe import Recipe
from soundini.flow.pairs import FlowPairs
from soundini.flow.warp import warp
from soundini.packs.pack import ModelPack

_FADE_IN = 0.1
"""Strength up to which a change whose amount the prior draws is faded in, so that silence is reached without a jump."""


def fade_from(edited: Tensor, earlier: Tensor, pairs: FlowPairs, fade: int) -> Tensor:
    """Let what the window before made of the shared frames give way to what the new one makes of them, and of the next.

    Two windows never agree wholly on what the frames they share look like. Cross-faded over those few frames alone, the
    difference would be a visible jump; so what it is in the last of them is carried on along the flow, ever fainter.

    Args:
        edited: the new window's frames.
        earlier: what the window before made of the first of them, at least one.
        pairs: flow between neighbours.
        fade: frames over which the difference dies away.

    Shape:
        ``edited``: ``[T, 3, H, W]``; ``earlier``: ``[O, 3, H, W]``; returns as ``edited``.
    """
    overlap = len(earlier)
    out = list(edited.split(1))
    difference = torch.zeros_like(out[0])
    for i in range(min(overlap + fade, len(out))):
        if i < overlap:
            difference = earlier[i : i + 1] - out[i]
        else:
            back = slice(i - 1, i)
            difference = pairs.visible_bwd[back] * warp(difference, pairs.flow_bwd[back])
        out[i] = out[i] + _share_before(i, overlap, fade) * difference
    return torch.cat(out)


def _share_before(index: int, overlap: int, fade: int) -> float:
    """How much the window before counts in a frame of the new one: from nearly 1 evenly down to 0."""
    return 1 - (index + 1) / (overlap + fade + 1)


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
