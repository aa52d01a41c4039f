"""Converts decoded sound of any format and layout to one or two channels of floats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np

from soundini.errors import MediaError
from soundini.media.opening import reason

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame


class Mixer:
    """Converts frames of one sound track, whose format may change."""

    def __init__(self) -> None:
        self._made_for: tuple[str, str, int] | None = None
        self._resampler: av.AudioResampler | None = None

    def mix(self, frame: AudioFrame, path: Path) -> np.ndarray:
        """Convert the samples of a frame.

        Raises:
            MediaError: they cannot be converted.

        Shape:
            returns ``float32 [1 or 2, n]``.
        """
        try:
            return self._mixed(frame)
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(
                "{file}: its sound cannot be decoded ({why}); convert it to wav first",
                file=path,
                why=reason(error),
            ) from None

    def _mixed(self, frame: AudioFrame) -> np.ndarray:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._made_for:
            self._made_for, self._resampler = form, None
        if frame.layout.nb_channels > 8:  # no mixing matrix exists for such channels
            return _halves(frame)
        return self._converted(frame, "mono" if frame.layout.nb_channels == 1 else "stereo")

    def _converted(self, frame: AudioFrame, layout: str) -> np.ndarray:
        if self._resampler is None:
            self._resampler = av.AudioResampler(
                format="fltp", layout=layout, rate=frame.sample_rate
            )
        stamp, frame.pts = frame.pts, None
        parts = [converted.to_ndarray() for converted in self._resampler.resample(frame)]
        frame.pts = stamp
        if not parts:
            return np.zeros((1 if layout == "mono" else 2, 0), np.float32)
        return np.asarray(np.concatenate(parts, 1), np.float32)


def _halves(frame: AudioFrame) -> np.ndarray:
    """Mix the odd channels to the left and the even ones to the right."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind != "f":
        full = 2.0 ** (8 * samples.dtype.itemsize - 1)
        samples = samples / full - (1.0 if samples.dtype.kind == "u" else 0.0)
    return np.stack([samples[0::2].mean(0), samples[1::2].mean(0)]).astype(np.float32)
