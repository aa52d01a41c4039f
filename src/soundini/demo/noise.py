"""What synthetic sounds are made of: noise between two frequencies, and a common rate and peak."""

from __future__ import annotations

import numpy as np

from soundini.media.sound import Sound

RATE = 44100
"""Samples a second of synthetic sounds."""


def band_noise(
    rng: np.random.Generator, count: int, sample_rate: int, low: float, high: float
) -> np.ndarray:
    """Noise with unit variance.

    Args:
        rng: draws it.
        count: samples.
        sample_rate: Hz.
        low: lowest frequency, Hz.
        high: highest, Hz.

    Shape:
        returns ``[count]``.
    """
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequencies = np.fft.rfftfreq(count, 1 / sample_rate)
    spectrum *= (frequencies >= low) & (frequencies <= high)
    noise = np.fft.irfft(spectrum, count)
    return noise / max(float(noise.std()), 1e-12)


def normalised(samples: np.ndarray) -> Sound:
    """A mono sound at :data:`RATE` with a peak of 0.9.

    Shape:
        ``samples``: ``[N]``, not all 0.
    """
    return Sound((0.9 * samples / np.abs(samples).max()).astype(np.float32)[None], RATE)
