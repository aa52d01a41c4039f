"""A few frames of a prepared edit, edited by themselves: for previews and for measuring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.motion import EffectMotion
from soundini.editing.plan import Window
from soundini.editing.prepared import PreparedEdit
from soundini.editing.sound_track import SoundTrack
from soundini.editing.stream import edit_frames
from soundini.events import EditEvent
from soundini.media.video_reader import VideoReader

_NO_NEIGHBOURS = ("guidance.lambda_flow=0", "guidance.lambda_directional=0")


@dataclass(frozen=True, eq=False)
class PickedFrames:
    """Frames picked out of a prepared edit.

    Args:
        edit: the whole edit.
        frames: source frames, ``uint8 [H, W, 3]``.
        masks: their masks.
        track: their sound.
        windows: how they are sampled.
        recipe: the settings.
        motion: how their effects move by themselves.
    """

    edit: PreparedEdit
    frames: Sequence[np.ndarray]
    masks: Sequence[np.ndarray]
    track: SoundTrack
    windows: Sequence[Window]
    recipe: Recipe
    motion: EffectMotion | None

    def events(self) -> Iterator[EditEvent]:
        """Edit them."""
        first = self.edit.first
        return edit_frames(
            self.edit.pack,
            self.frames,
            self.masks,
            self.track,
            self.windows,
            self.recipe,
            first,
            motion=self.motion,
        )


def pick_stills(edit: PreparedEdit, chosen: Sequence[int]) -> PickedFrames:
    """Pick frames that are no neighbours: each in its own box, without the terms between frames.

    Args:
        edit: the whole edit, not begun.
        chosen: indices in the part, rising, each with a mask.
    """
    windows = [
        Window(i, i, i + 1, _window_of(edit, index).box, edit.windows[0].size)
        for i, index in enumerate(chosen)
    ]
    recipe = override(edit.request.recipe, _NO_NEIGHBOURS)
    return PickedFrames(edit, *_read(edit, chosen), windows, recipe, _motion(edit, chosen))


def pick_neighbours(edit: PreparedEdit, count: int, chunk: int) -> PickedFrames:
    """Pick the first frames of the first edited window, as one window, at full strength: keyframes and what lies between them.

    Args:
        edit: the whole edit, not begun.
        count: how many are sampled, at least 1.
        chunk: how many pass the network at once.
    """
    window = next(w for w in edit.windows if w.box is not None)
    keyframes = window.sampled[:count]
    chosen = range(window.start, window.start + keyframes[-1] + 1)
    frames, masks, track = _read(edit, chosen)
    loud = replace(track, strength=torch.ones_like(track.strength))
    windows = [Window(0, 0, len(chosen), window.box, window.size, keyframes)]
    recipe = override(edit.request.recipe, [f"compute.chunk={chunk}"])
    return PickedFrames(edit, frames, masks, loud, windows, recipe, _motion(edit, chosen))


def _window_of(edit: PreparedEdit, index: int) -> Window:
    return next(w for w in edit.windows if w.box is not None and w.start <= index < w.stop)


def _motion(edit: PreparedEdit, chosen: Sequence[int]) -> EffectMotion | None:
    motion = edit.motion
    return None if motion is None else motion.of(chosen)


def _read(
    edit: PreparedEdit, chosen: Sequence[int]
) -> tuple[list[np.ndarray], list[np.ndarray], SoundTrack]:
    picked = list(chosen)
    with VideoReader(edit.request.video) as reader:
        stop = edit.first + picked[-1] + 1
        frames = [f.rgb for f in reader.frames(edit.first, stop) if f.index - edit.first in picked]
    masks = [m for i, m in enumerate(edit.masks) if i in picked]
    return frames, masks, edit.track.picked(picked)
