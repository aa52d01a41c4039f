"""Steady noise, which is no effect although rain, wind and the sea are near it: white, pink, brown and what lies between."""

from __future__ import annotations

import numpy as np

from soundini.joint.spectrogram import MelConfig
from soundini.training.drawn_sounds import DrawnSound, without_effect

_SECONDS = (1.5, 8.0)

_FALL_DB = (-1.0, 7.0)
"""How much quieter each octave is than the one below: white noise 0, pink 3, brown 6."""

_FLAT_BELOW_HZ = 20.0


def draw_noise(count: int, rng: np.random.Generator) -> list[DrawnSound]:
    """Draw steady noise of random colour and level.

    Args:
        count: how many.
        rng: what decides.
    """
    rate, drawn = MelConfig().sample_rate, []
    for _ in range(count):
        seconds, fall_db = rng.uniform(*_SECONDS), rng.uniform(*_FALL_DB)
        samples = coloured_noise(round(seconds * rate), rate, fall_db, rng)
        drawn.append(without_effect(samples * 10 ** (rng.uniform(-15, 0) / 20)))
    return drawn


def coloured_noise(count: int, rate: int, fall_db: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise at a peak of 1 whose power falls by ``fall_db`` an octave.

    Args:
        count: samples, at least 2.
        rate: samples a second.
        fall_db: decibels; below 20 Hz the spectrum is flat.
        rng: what decides.
    """
    frequencies = np.fft.rfftfreq(count, 1 / rate)
    octaves = np.log2(np.maximum(frequencies, _FLAT_BELOW_HZ) / _FLAT_BELOW_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(count)) * 10 ** (-fall_db * octaves / 20)
    samples = np.fft.irfft(spectrum, count)
    return samples / np.abs(samples).max()
