"""The sound as the frames hear it: one target embedding and one strength for each frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.config.recipe import SoundConfig
from soundini.editing.heard_as import said_shares
from soundini.errors import UnheardError
from soundini.joint.naming import mean_names
from soundini.joint.protocol import JointSpace, KnowsSoundClasses, KnowsTypicalSounds, NamesSounds
from soundini.media.envelope import envelope, full_level
from soundini.media.loudness import Level
from soundini.media.sound import Sound, Stretch, require_audible, resample
from soundini.media.sound_fit import fit_sound, loop_seconds
from soundini.media.tracks import AUDIBLE_PEAK

_APART = 0.25
"""Seconds between two moments that are named, in a sound of up to two minutes."""
_MOST = 480
"""Moments that are named at most."""


@dataclass(frozen=True)
class SoundTrack:
    """What guides each frame.

    Args:
        sound: the sound laid along the video, for listening.
        heard: what the models hear at each frame, in the joint space.
        meant: what each frame is edited by: what the user says it is, or else what is heard.
        embeds: target of each frame: what is meant, drawn towards what is typical of it.
        strength: envelope of each frame in [0, 1].

    Shape:
        ``heard``, ``meant``, ``embeds``: ``[T, D]``; ``strength``: ``[T]``.
    """

    sound: Sound
    heard: Tensor
    meant: Tensor
    embeds: Tensor
    strength: Tensor

    def window(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Embeddings and strengths of frames ``start`` to ``stop - 1``."""
        return self.embeds[start:stop], self.strength[start:stop]

    def picked(self, frames: slice | list[int], sound: Sound | None = None) -> SoundTrack:
        """The track of some of the frames.

        Args:
            frames: which of them.
            sound: the sound that is laid along these; None for that of all.
        """
        heard, meant, embeds, strength = (
            part[frames] for part in (self.heard, self.meant, self.embeds, self.strength)
        )
        return SoundTrack(sound or self.sound, heard, meant, embeds, strength)


def lay_sound(
    sound: Sound,
    times: Sequence[float],
    duration: float,
    joint: JointSpace,
    config: SoundConfig,
    began: float = 0.0,
) -> SoundTrack:
    """Lay a sound along frames: offset, gain and loop, then one spectrogram, then a window for each frame.

    The sound is brought to a peak of 1 once, before the gain; nothing is normalised after, so loudness survives.

    Args:
        sound: the sound as the user gave it.
        times: time of each frame in seconds from the first.
        duration: seconds from the first frame to the end of the last.
        joint: the joint space.
        config: settings.
        began: seconds of the recording at which the first frame lies, where the sound belongs to the pictures.

    Raises:
        MediaError: the sound is silent.
        UnheardError: it is, along the frames.
        ConfigError: ``config.heard_as`` names what the joint space does not know.
    """
    laid, strength = lay_strength(sound, times, duration, config, began)
    heard = _heard(_full(sound), times, duration, joint, _from(sound, config, began))
    meant = heard
    if config.heard_as:
        moments = _moments([time + began for time in times], sound, config)
        meant = _said(config.heard_as, moments, joint).to(heard)
    embeds = meant
    if config.typical and isinstance(joint, KnowsTypicalSounds):
        embeds = torch.lerp(meant, joint.typical_sounds(meant), config.typical)
    return SoundTrack(laid, heard, meant, F.normalize(embeds, dim=-1), torch.from_numpy(strength))


def lay_strength(
    sound: Sound,
    times: Sequence[float],
    duration: float,
    config: SoundConfig,
    began: float = 0.0,
) -> tuple[Sound, np.ndarray]:
    """The sound as it is laid along frames, and how strong it is at each: what :func:`lay_sound` knows without a joint space.

    Args:
        sound: the sound as the user gave it.
        times: time of each frame in seconds from the first.
        duration: seconds from the first frame to the end of the last.
        config: settings.
        began: seconds of the recording at which the first frame lies, where the sound belongs to the pictures.

    Raises:
        MediaError: the sound is silent.
        UnheardError: it is, along the frames.

    Shape:
        the strengths: ``[len(times)]``, in [0, 1].
    """
    require_audible(sound)
    full, config = _full(sound), _from(sound, config, began)
    laid = fit_sound(full, duration, offset_s=config.offset, gain=config.gain, loop=config.loop)
    if laid.peak < AUDIBLE_PEAK:
        raise UnheardError(
            "nothing is heard along the part that is edited: the sound is silent there, or ends before; "
            "see sound.offset, sound.gain and sound.loop"
        )
    strength = envelope(
        laid,
        times,
        kind=config.envelope,
        reference=full_level(full).reference,
        attack=config.attack,
        release=config.release,
        range_db=config.envelope_range,
        curve=config.envelope_curve,
        floor=config.envelope_floor,
    )
    return laid, strength


def _full(sound: Sound) -> Sound:
    """The sound at a peak of 1, without an offset."""
    level, centred = full_level(sound), sound.centred()
    stretch = replace(
        sound.stretch or Stretch(0.0, level), level=Level(1.0, level.reference / level.peak)
    )
    return Sound(centred.samples / np.float32(level.peak), sound.sample_rate, stretch)


def _from(sound: Sound, config: SoundConfig, began: float) -> SoundConfig:
    """Settings that lay the samples at hand as ``config`` lays the recording they are of."""
    skipped = 0.0 if sound.stretch is None else sound.stretch.begin
    return config.model_copy(update={"offset": config.offset - began + skipped})


def _said(text: str, moments: Sequence[float], joint: JointSpace) -> Tensor:
    """Embed what the user says the sound is, at some moments of it."""
    known = joint if isinstance(joint, KnowsSoundClasses) else None
    shares = said_shares(text, moments, known.sound_classes if known else ())
    assert known is not None  # models without classes are refused
    return known.embed_shares(torch.from_numpy(shares))


def _moments(times: Sequence[float], sound: Sound, config: SoundConfig) -> list[float]:
    """Seconds into the sound that are heard at some times of the video."""
    moments = [time - config.offset for time in times]
    if not config.loop:
        return moments
    period = loop_seconds(sound)
    return [moment % period for moment in moments]


def _heard(
    sound: Sound,
    times: Sequence[float],
    duration: float,
    joint: JointSpace,
    config: SoundConfig,
) -> Tensor:
    """What each frame hears: a window round it, which at the video's ends reaches into what the sound has beyond them.

    Where it has nothing there either, the window is mirrored.
    """
    before = after = (config.window or joint.window_seconds) / 2
    if not config.loop:
        before = min(before, max(-config.offset, 0.0))
        after = min(after, max(config.offset + sound.duration - duration, 0.0))
    around = fit_sound(
        sound,
        before + duration + after,
        offset_s=config.offset + before,
        gain=config.gain,
        loop=config.loop,
    )
    mono = resample(around.mono(), joint.sample_rate)
    return joint.embed_sound(
        torch.from_numpy(mono.samples[0]),
        torch.tensor(list(times), dtype=torch.float64) + before,
        config.window or None,
    )


@dataclass(frozen=True, eq=False)
class Hearing:
    """What is heard along a sound, laid beside a video as an edit would lay it.

    Args:
        sound: as it is laid.
        times: moments, seconds.
        strength: how strong the effect is at each, 0 to 1.
        shares: probability of each class at each; empty where the models have no words for sounds.
        mean: of the shares over the moments where the effect is not 0, the likeliest first.

    Shape:
        ``times``, ``strength``, every value of ``shares``: ``[N]``.
    """

    sound: Sound
    times: np.ndarray
    strength: np.ndarray
    shares: Mapping[str, np.ndarray]
    mean: Mapping[str, float]


def hear(sound: Sound, joint: JointSpace, config: SoundConfig, seconds: float) -> Hearing:
    """Listen along some seconds of a sound.

    Args:
        sound: the sound.
        joint: the joint space.
        config: how it is laid; ``heard_as`` is not looked at.
        seconds: how long, above 0.

    Raises:
        MediaError: the sound is silent.
        UnheardError: it is, along these seconds.
    """
    count = max(1, min(_MOST, round(seconds / _APART)))
    times = (np.arange(count) + 0.5) * seconds / count
    heard_only = config.model_copy(update={"heard_as": ""})
    track = lay_sound(sound, times.tolist(), seconds, joint, heard_only)
    rows = joint.name_sounds(track.heard) if isinstance(joint, NamesSounds) else []
    shares = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    mean = mean_names(joint, track.heard[track.strength > 0])
    return Hearing(track.sound, times, track.strength.numpy(), shares, mean)
