"""An edit that is checked and planned, and has not begun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from soundini.config.recipe import Recipe
from soundini.editing.motion import EffectMotion, effect_motion
from soundini.editing.part import EditPart
from soundini.editing.plan import Window
from soundini.editing.sound_track import SoundTrack
from soundini.editing.stream import is_edited
from soundini.errors import Message, Option
from soundini.joint.naming import mean_names
from soundini.packs.pack import ModelPack

UNSURE = 0.5
"""Share of the likeliest class below which there is a warning that the models are not sure."""
NO_EFFECT = "none"
"""The class of the embedded models that has no effect."""
UNSEEN = 0.01
"""Strength of an effect that changes no pixel by more than two or three of 255 levels."""
_SHORTER = 0.5
"""Seconds by which a sound must be too short for a warning."""


def doubt_of(shares: Mapping[str, float], *, said: bool = False) -> Message | None:
    """Why an edit may show something other than the sound; None if nothing suggests that.

    Args:
        shares: probability of each class, the likeliest first; empty where the models have no words for sounds.
        said: whether the user said what the sound is.
    """
    name, share = next(iter(shares.items()), ("", 1.0))
    percent = round(100 * share)
    if name == NO_EFFECT and said:
        return Message("the sound is edited as none of the known kinds, so little will change")
    if name == NO_EFFECT:
        return Message(
            "the sound is heard as none of the known kinds ({share}%), so little will change; "
            "say what it is, such as {option}",
            {"share": percent, "option": Option("sound.heard_as", "rain")},
        )
    if share < UNSURE and not said:
        return Message(
            "it is not clear what the sound is ({name} {share}%); say what it is, such as {option}",
            {"name": name, "share": percent, "option": Option("sound.heard_as", name)},
        )
    return None


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedEdit(EditPart):
    """An edit that is checked and planned, and has not begun.

    Args:
        pack: the models.
        track: the sound, laid along the part.
        windows: the plan.
    """

    pack: ModelPack
    track: SoundTrack
    windows: tuple[Window, ...]

    @property
    def motion(self) -> EffectMotion | None:
        """How the effects of the frames move by themselves."""
        return effect_motion(
            self.pack.joint,
            self.track,
            [float(time) for time in self.times[:-1]],
            self.request.recipe.sampling,
            began=float(self.began),
            first_index=self.first,
        )

    @property
    def heard_until(self) -> float | None:
        """Seconds into the part after which nothing is heard; None where the sound lasts, or repeats."""
        total, until = float(self.times[-1]), self.track.sound.audible_until
        lasts = self.request.recipe.sound.loop or total - until < _SHORTER
        return None if lasts else until

    @property
    def heard(self) -> dict[str, float]:
        """What the models hear: the mean share of each class where the effect is not 0, the likeliest first.

        Empty where the models have no words for sounds.
        """
        return mean_names(self.pack.joint, self.track.heard[self.track.strength > 0])

    @property
    def doubts(self) -> tuple[Message, ...]:
        """Why the edit may show something other than the sound, one line each."""
        said = bool(self.request.recipe.sound.heard_as)
        meant = mean_names(self.pack.joint, self.track.meant[self.track.strength > 0])
        doubt = doubt_of(meant, said=said)
        return () if doubt is None else (doubt,)

    @property
    def warnings(self) -> tuple[Message, ...]:
        """Warnings about the edit, one line each."""
        return (*self.notes, *self._sound_notes())

    def _sound_notes(self) -> Iterator[Message]:
        """Note where nothing is heard, or why no frame is edited."""
        covered = [i for i, box in enumerate(self.masks.bounds) if box is not None]
        audible = [i for i, s in enumerate(self.track.strength.tolist()) if s >= UNSEEN]
        until = self.heard_until
        yield from self.doubts
        if not audible:
            yield Message(
                "no frame is edited: the sound is too quiet along the part; "
                "raise sound.gain or sound.envelope_range, or use sound.envelope=off"
            )
        elif not set(covered) & set(audible):
            yield Message(
                "no frame is edited: the mask covers frames {first} to {last}, "
                "and the sound is heard in frames {begin} to {end}; "
                "move the mask, or see sound.offset and sound.loop",
                {
                    "first": self.first + covered[0],
                    "last": self.first + covered[-1],
                    "begin": self.first + audible[0],
                    "end": self.first + audible[-1],
                },
            )
        elif until is not None:
            yield Message(
                "nothing is heard after {until:.1f} s of {total:.1f} s, and the picture is the source's there; "
                "sound.loop=true repeats a short sound",
                {"until": float(until), "total": float(self.times[-1])},
            )

    def is_edited(self, window: Window) -> bool:
        """Whether a window has a mask and a sound; others stay as they are, and cost nothing."""
        return is_edited(window, self.track)

    def planned(self, recipe: Recipe) -> PreparedEdit:
        """The same edit with its windows planned anew, by other settings of windows and of computing."""
        request = self.request.model_copy(update={"recipe": recipe})
        edit = replace(self, request=request)
        return replace(edit, windows=edit.plan(self.pack.denoiser.stride))
