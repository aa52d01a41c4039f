"""An edit that is checked and planned, and has not begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from soundini.config.recipe import Recipe
from soundini.editing.mask_spool import MaskSpool
from soundini.editing.plan import Window, plan_windows
from soundini.editing.request import EditRequest
from soundini.editing.sound_track import SoundTrack
from soundini.editing.stream import is_edited
from soundini.media.video_info import VideoInfo
from soundini.packs.pack import ModelPack

UNSEEN = 0.01
"""Strength of an effect that changes no pixel by more than two or three of 255 levels."""
_SHORTER = 0.5
"""Seconds by which a sound is shorter than what it is laid along, to be told of."""


@dataclass(frozen=True, eq=False)
class PreparedEdit:
    """An edit that is checked and planned, and has not begun.

    Args:
        request: what was asked.
        pack: the models.
        info: the source video.
        first: index in the video of the first edited frame.
        times: time of each frame of the part, seconds from its first; one more for the end of the last.
        began: source time of the first frame.
        masks: the masks, one for each frame.
        track: the sound, laid along the part.
        windows: the plan.
        notes: what was assumed of the inputs, one line each.
    """

    request: EditRequest
    pack: ModelPack
    info: VideoInfo
    first: int
    times: tuple[Fraction, ...]
    began: Fraction
    masks: MaskSpool
    track: SoundTrack
    windows: tuple[Window, ...]
    notes: tuple[str, ...] = ()

    @property
    def frame_count(self) -> int:
        """Frames of the edited part."""
        return len(self.times) - 1

    @property
    def heard_until(self) -> float | None:
        """Seconds into the part after which nothing is heard; None where the sound lasts, or repeats."""
        total, until = float(self.times[-1]), self.track.sound.audible_until
        lasts = self.request.recipe.sound.loop or total - until < _SHORTER
        return None if lasts else until

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user may not expect of it, one line each."""
        return (*self.notes, *self._sound_notes())

    def _sound_notes(self) -> Iterator[str]:
        """Where nothing is heard, or no frame is edited, and why."""
        covered = [i for i, box in enumerate(self.masks.bounds) if box is not None]
        audible = [i for i, s in enumerate(self.track.strength.tolist()) if s >= UNSEEN]
        until = self.heard_until
        if not audible:
            yield (
                "no frame is edited: the sound is too quiet along the part; "
                "raise sound.gain or sound.envelope_range, or use sound.envelope=off"
            )
        elif not set(covered) & set(audible):
            yield (
                f"no frame is edited: the mask covers frames {self.first + covered[0]} to {self.first + covered[-1]}, "
                f"and the sound is heard in frames {self.first + audible[0]} to {self.first + audible[-1]}; "
                "move the mask, or see sound.offset and sound.loop"
            )
        elif until is not None:
            yield (
                f"nothing is heard after {until:.1f} s of {float(self.times[-1]):.1f} s, and the picture is the source's there; "
                "sound.loop=true repeats a short sound"
            )

    def is_edited(self, window: Window) -> bool:
        """Whether a window has a mask and a sound; others stay as they are, and cost nothing."""
        return is_edited(window, self.track)

    def planned(self, recipe: Recipe) -> PreparedEdit:
        """The same edit with its windows planned anew, by other settings of windows and of computing."""
        windows = plan_windows(
            self.masks.bounds,
            (self.info.height, self.info.width),
            recipe.region,
            recipe.window,
            self.pack.denoiser.stride,
        )
        request = self.request.model_copy(update={"recipe": recipe})
        return replace(self, request=request, windows=tuple(windows))

    def close(self) -> None:
        """Drop the spooled masks."""
        self.masks.close()
