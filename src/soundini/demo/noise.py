"""Noise between two frequencies, of which synthetic sounds are made."""

from __future__ import annotations

import numpy as np


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
