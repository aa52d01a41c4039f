"""What the models hear in a sound as it goes by, and how strong an effect it would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from soundini.config.recipe import SoundConfig
from soundini.editing.sound_track import lay_sound
from soundini.joint.naming import mean_names
from soundini.joint.protocol import JointSpace, NamesSounds
from soundini.media.sound import Sound

_APART = 0.25
"""Seconds between two moments that are named, in a sound of up to two minutes."""
_MOST = 480
"""Moments that are named at most."""


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
