"""Thunder, the sea, and wind that were never recorded: made from a seed."""

from __future__ import annotations

import numpy as np

from soundini.demo.noise import RATE, band_noise, normalised
from soundini.demo.water import shower
from soundini.media.sound import Sound


def thunder(seconds: float, seed: int = 0) -> Sound:
    """Synthesise a thunderstorm: rain, and claps that crack and then roll away in the low frequencies.

    Args:
        seconds: length, above 0.
        seed: names the storm; the same seed gives the same samples.

    Returns:
        A mono sound at 44.1 kHz with a peak of 0.9.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    samples = 0.12 * shower(seconds, seed).samples[0, :count].astype(float)
    time = np.arange(count) / RATE
    for start in np.arange(0.15, seconds, 1.6):
        since = np.clip(time - start, 0, None)
        begun = time >= start
        roll = band_noise(rng, count, RATE, 25, 180) * np.exp(-since / 0.9)
        crack = band_noise(rng, count, RATE, 100, 3000) * np.exp(-since / 0.12)
        samples += begun * (0.8 * roll + 0.5 * crack)
    return normalised(samples)


def surf(seconds: float, seed: int = 0) -> Sound:
    """Synthesise waves on a shore: broad noise that swells and breaks, over a low murmur.

    Args:
        seconds: length, above 0.
        seed: names the sea.

    Returns:
        A mono sound at 44.1 kHz with a peak of 0.9.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    swell = (0.5 - 0.5 * np.cos(2 * np.pi * (time + 0.6) / 2.4)) ** 2
    foam = band_noise(rng, count, RATE, 300, 6000)
    deep = band_noise(rng, count, RATE, 40, 400)
    return normalised((0.15 + swell) * foam + 0.5 * deep)


def wind(seconds: float, seed: int = 0) -> Sound:
    """Synthesise a winter's wind: noise in a narrow band whose strength wanders in gusts.

    Args:
        seconds: length, above 0.
        seed: names the wind.

    Returns:
        A mono sound at 44.1 kHz with a peak of 0.9.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    gusts = np.clip(1 + 0.5 * band_noise(rng, count, RATE, 0.2, 2), 0.2, 2)
    howl = band_noise(rng, count, RATE, 250, 900) + 0.3 * band_noise(rng, count, RATE, 60, 2500)
    return normalised(gusts * howl)
