"""Lays a sound along a video: its start, its gain, and its repetition."""

import itertools
from collections.abc import Sequence

import numpy as np

from soundini.media.sound import Sound

_CROSSFADE = 0.02  # Seconds by which two rounds of a loop overlap, so that the seam does not click.


def fit_sound(
    sound: Sound,
    duration_s: float,
    *,
    offset_s: float = 0.0,
    gain: float | Sequence[tuple[float, float]] = 1.0,
    loop: bool = False,
) -> Sound:
    """Cut, pad or repeat a sound so that it lasts exactly as long as a video.

    Output time t plays sound time ``t - offset_s``. So a positive offset makes the sound start
    later (silence comes first), a negative one skips its beginning. With ``loop`` the sound repeats
    for ever on both sides of its own beginning, each round laid 20 ms over the end of the one
    before with a linear crossfade; there is no silence then, whatever the offset. The gain is
    applied last and nothing is clipped: that is left to the encoder.

    Args:
        sound: The sound.
        duration_s: Length of the result in seconds, 0 or more.
        offset_s: Seconds by which the sound is late (negative: early).
        gain: A factor, or breakpoints ``(output time in seconds, factor)`` in rising order of time,
            linear between them and constant beyond the ends.
        loop: Repeat the sound.

    Returns:
        ``round(duration_s * sample_rate)`` samples at the sound's own rate.

    Raises:
        ValueError: The sound is empty, the duration negative, or the breakpoints are none or not in
            rising order.
    """
    if duration_s < 0:
        raise ValueError(f"duration_s must be at least 0, not {duration_s}")
    if sound.samples.shape[1] == 0:
        raise ValueError("an empty sound cannot be fitted")
    count = round(duration_s * sound.sample_rate)
    first = -round(offset_s * sound.sample_rate)
    laid = _looped(sound, first, count) if loop else _padded(sound, first, count)
    laid = laid * _gain_curve(gain, count, sound.sample_rate)
    return Sound(laid.astype(np.float32), sound.sample_rate)


def loop_seconds(sound: Sound) -> float:
    """Seconds after which a looped sound repeats: its duration less the overlap of two rounds."""
    length = sound.samples.shape[1]
    return (length - _overlap(sound, length)) / sound.sample_rate


def _overlap(sound: Sound, length: int) -> int:
    return min(round(_CROSSFADE * sound.sample_rate), length // 2)


def _padded(sound: Sound, first: int, count: int) -> np.ndarray:
    """Return samples ``first`` to ``first + count``, with silence where there are none."""
    out = np.zeros((sound.samples.shape[0], count), np.float32)
    begin, end = max(first, 0), min(first + count, sound.samples.shape[1])
    if end > begin:
        out[:, begin - first : end - first] = sound.samples[:, begin:end]
    return out


def _looped(sound: Sound, first: int, count: int) -> np.ndarray:
    """Return samples of the endless repetition: one period, with its seam already crossfaded."""
    length = sound.samples.shape[1]
    overlap = _overlap(sound, length)
    # Period p = length - overlap. At its end the sound fades out under the next round's beginning.
    period = sound.samples[:, : length - overlap].copy()
    if overlap:
        ramp = (np.arange(overlap, dtype=np.float32) + 0.5) / overlap
        tail = sound.samples[:, length - overlap :]
        period[:, :overlap] = period[:, :overlap] * ramp + tail * (1 - ramp)
    at = np.arange(first, first + count)
    out = period[:, at % period.shape[1]]
    # The very first round has no round before it to fade from.
    opening = (at >= 0) & (at < overlap)
    out[:, opening] = sound.samples[:, at[opening]]
    return out


def _gain_curve(
    gain: float | Sequence[tuple[float, float]], count: int, rate: int
) -> np.ndarray | float:
    if isinstance(gain, int | float):
        return float(gain)
    times = [time for time, _ in gain]
    if not times or any(b <= a for a, b in itertools.pairwise(times)):
        raise ValueError("gain breakpoints must be given in rising order of time")
    return np.interp(np.arange(count) / rate, times, [factor for _, factor in gain])
