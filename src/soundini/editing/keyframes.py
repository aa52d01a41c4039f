"""Samples only the keyframes of a window, and carries their change to the frames between."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from soundini.editing.plan import Window
from soundini.editing.window import WindowInputs
from soundini.flow.along import carry_between
from soundini.flow.pairs import estimate_pairs
from soundini.flow.protocol import FlowEstimator
from soundini.geometry import detail_gain


def served_frames(window: Window) -> Iterator[range]:
    """For each keyframe, the frames that take from it: itself and all up to the keyframes beside it.

    Args:
        window: the frames; indices count from its start.
    """
    keyframes = window.sampled
    before = [-1, *keyframes[:-1]]
    after = [*keyframes[1:], len(window)]
    return (range(a + 1, b) for a, b in zip(before, after, strict=True))


def loudest_served(window: Window, strength: Tensor) -> list[int]:
    """For each keyframe, the loudest of the frames that take from it; itself where none is louder.

    Args:
        window: the frames; indices count from its start.
        strength: of every frame of the window, ``[T]``.
    """
    levels = strength.tolist()
    return [
        max(served, key=lambda i, own=keyframe: (levels[i], i == own))
        for keyframe, served in zip(window.sampled, served_frames(window), strict=True)
    ]


def heard_keyframes(window: Window, strength: Tensor) -> int:
    """How many frames of a window are sampled: the keyframes that serve a frame in which something is heard.

    Args:
        window: the frames.
        strength: of every frame of the window, ``[T]``.
    """
    return int((strength[loudest_served(window, strength)] > 0).sum())


def at_keyframes(inputs: WindowInputs, window: Window, flow: FlowEstimator) -> WindowInputs:
    """The frames of a window that are sampled, made ready to serve those between; all of them as they are where all are sampled.

    A keyframe hears what the loudest frame that takes from it hears, and is edited wherever one of those has its mask: a crackle
    between two keyframes, or a mask that moves on, would find nothing to show otherwise. How much shows is for every frame's
    own loudness and mask to say.

    Args:
        inputs: all frames.
        window: which of them are keyframes.
        flow: measures the flow from keyframe to keyframe.
    """
    if len(window.sampled) == len(window):
        return inputs
    picked, loudest = list(window.sampled), loudest_served(window, inputs.strength)
    source = inputs.source[picked]
    pairs = estimate_pairs(source, flow)
    if inputs.anchor is not None:
        pairs = inputs.pairs.window(0, 2).followed_by(pairs)
    masks = [inputs.mask[served.start : served.stop].amax(0) for served in served_frames(window)]
    return replace(
        inputs,
        indices=tuple(inputs.indices[i] for i in picked),
        source=source,
        mask=torch.stack(masks),
        sound_embeds=inputs.sound_embeds[loudest],
        strength=inputs.strength[loudest],
        pairs=pairs,
        motion=None if inputs.motion is None else inputs.motion.of(picked),
    )


def carry_change(
    change: Tensor,
    keyframes: WindowInputs,
    inputs: WindowInputs,
    window: Window,
    flow: FlowEstimator,
) -> Tensor:
    """What sampling does to the frames of a window, from what it did to its keyframes.

    Where sampling begins at drafts, every frame has its own, which moves as the effect does. Only what sampling adds to it is
    carried.

    A weak change is carried as it is, and what is beneath it stays the frame's own. A strong one took away what its keyframe
    showed; carried as it is, it would take that away from a frame that never had it quite there, and outlines of the
    scene would shine through the effect like ghosts. So there it is the picture that is carried:

        change_i = carried change + (g - 1) * (source_i - carried source),   g as in :func:`soundini.geometry.detail_gain`

    which is ``carried edited picture - source_i`` where g is 0.

    Args:
        change: of the keyframes, edited minus :attr:`WindowInputs.base`.
        keyframes: as :func:`at_keyframes` made them.
        inputs: all frames.
        window: which of them are keyframes.
        flow: measures the flow from keyframes to the frames between.

    Shape:
        ``change``: ``[K, 3, H, W]``; returns ``[T, 3, H, W]``.
    """
    if len(window.sampled) == len(window):
        return change
    known = torch.cat([change, keyframes.source], 1)
    carried = carry_between(known, keyframes.mask, window.sampled, inputs.source, flow)
    moved, beneath = carried.split(3, 1)
    gain = detail_gain(beneath + moved, beneath)
    return moved + (gain - 1) * (inputs.source - beneath)
