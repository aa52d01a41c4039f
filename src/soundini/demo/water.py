"""Rain, and bubbles under water, that were never recorded: made from a seed."""

from __future__ import annotations

import numpy as np

from soundini.demo.noise import RATE, band_noise, normalised
from soundini.media.sound import Sound

_DROPS_PER_SECOND = 900.0
_BUBBLES_PER_SECOND = 150.0
_LOWEST, _HIGHEST = 200.0, 2000.0


def shower(seconds: float, seed: int = 0) -> Sound:
    """Synthesise rain: a steady hiss of many drops, and single ones near by, each a click of some kilohertz.

    Args:
        seconds: length, above 0.
        seed: names the rain; the same seed gives the same samples.

    Returns:
        A mono sound at 44.1 kHz with a peak of 0.9.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    hiss = band_noise(rng, count, RATE, 500, 14000) + 0.5 * band_noise(rng, count, RATE, 150, 1200)
    samples = 0.06 * hiss
    for start in rng.uniform(0, seconds, rng.poisson(_DROPS_PER_SECOND * seconds)):
        time = np.arange(round(0.006 * RATE)) / RATE
        pitch, decay = rng.uniform(1500, 9000), rng.uniform(0.0005, 0.002)
        drop = 0.05 * rng.pareto(3) * np.sin(2 * np.pi * pitch * time) * np.exp(-time / decay)
        _lay(samples, drop, start)
    return normalised(samples)


def bubbles(seconds: float, seed: int = 0) -> Sound:
    """Synthesise bubbles under water: rising chirps that die away (Minnaert's tone), over a deep muffled rumble.

    Args:
        seconds: length, above 0.
        seed: names the bubbles.

    Returns:
        A mono sound at 44.1 kHz with a peak of 0.9.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    samples = 0.05 * band_noise(rng, count, RATE, 40, 300)
    time = np.arange(round(0.2 * RATE)) / RATE
    for start in rng.uniform(0, seconds, rng.poisson(_BUBBLES_PER_SECOND * seconds)):
        pitch = np.exp(rng.uniform(np.log(_LOWEST), np.log(_HIGHEST)))
        phase = 2 * np.pi * pitch * (time + rng.uniform(1, 5) * time**2 / 2)
        swell = (1 - np.exp(-time / 0.002)) * np.exp(-time * pitch / 9)
        _lay(samples, rng.uniform(0.1, 0.5) * np.sin(phase) * swell, start)
    return normalised(samples)


def _lay(samples: np.ndarray, event: np.ndarray, start: float) -> None:
    first = int(start * RATE)
    part = event[: len(samples) - first]
    samples[first : first + len(part)] += part
