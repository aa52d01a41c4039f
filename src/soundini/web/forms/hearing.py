"""The sound along a part of a video: its waveform, the strength of the effect, and the classes that the models recognise."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.config.recipe import SoundConfig
from soundini.web.views import Heard

if TYPE_CHECKING:
    import numpy as np

    from soundini.joint.protocol import JointSpace

_PEAKS = 600
_MOMENTS = 240
_NAMED = 48
_LEAST_APART = 0.25
"""Least seconds between two moments whose classes are computed."""


class Ears:
    """Analyses sounds as edits do, with a joint space of its own, so that it need not wait for a running edit.

    Args:
        models: the model pack.
        loading: held while models are loaded.
    """

    def __init__(self, models: str, loading: threading.Lock) -> None:
        self._models = models
        self._loading = loading
        self._lock = threading.Lock()
        self._joint: JointSpace | None = None

    def hear(
        self, sound_file: Path, seconds: float, config: SoundConfig, began: float = 0.0
    ) -> Heard:
        """Analyse the sound along a part of a video.

        Args:
            sound_file: the sound, or a video with sound.
            seconds: length of the part, above 0.
            config: how the sound is laid along the video.
            began: if the sound is the video's own, its second at which the part begins.

        Raises:
            MediaError: the sound is silent, or cannot be read.
        """
        from soundini.editing.sound_track import lay_sound, lay_strength
        from soundini.joint.protocol import NamesSounds
        from soundini.media.sound import load_sound

        sound = load_sound(sound_file, track=config.track)
        times = [(i + 0.5) * seconds / _MOMENTS for i in range(_MOMENTS)]
        laid, strength = lay_strength(sound, times, seconds, config, began)
        every = max(1, round(_MOMENTS / max(1, min(_NAMED, seconds / _LEAST_APART))))
        moments = times[every // 2 :: every]  # each costs a pass through the sound network
        named: list[dict[str, float]] = []
        with self._lock:
            joint = self._space()
            if isinstance(joint, NamesSounds):
                track = lay_sound(sound, moments, seconds, joint, config, began)
                named = joint.name_sounds(track.heard)
        return Heard(
            seconds=seconds,
            peaks=_peaks(laid.samples),
            times=tuple(times),
            envelope=tuple(strength.tolist()),
            classes=tuple(zip(moments, map(_likeliest_first, named), strict=False)),
        )

    def _space(self) -> JointSpace:
        if self._joint is None:
            from soundini.packs.loading import load_senses

            with self._loading:
                self._joint = load_senses(self._models).joint
        return self._joint


def _peaks(samples: np.ndarray) -> tuple[float, ...]:
    """The largest absolute sample of each of equal stretches.

    Shape:
        ``samples``: ``[C, N]``.
    """
    import numpy as np

    loud = np.abs(samples).max(0)
    edges = np.linspace(0, len(loud), min(_PEAKS, len(loud)) + 1).astype(int)[:-1]
    return tuple(float(v) for v in np.maximum.reduceat(loud, edges).clip(0, 1))


def _likeliest_first(shares: dict[str, float]) -> dict[str, float]:
    best: Sequence[tuple[str, float]] = sorted(shares.items(), key=lambda item: -item[1])
    return {name: round(share, 4) for name, share in best}
