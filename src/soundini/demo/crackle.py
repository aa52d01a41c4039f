"""A fire that was never recorded: rumble, hiss and pops from a seed."""

from __future__ import annotations

import numpy as np

from soundini.demo.noise import band_noise
from soundini.media.sound import Sound

_POPS_PER_SECOND = 120.0


def crackle(seconds: float, sample_rate: int = 44100, seed: int = 0) -> Sound:
    """Synthesise a wood fire.

    Wood cracks at random (a Poisson process); each crack is a burst of noise that dies away within
    milliseconds, most of them faint and a few loud. Under them the flames rumble and hiss, a little
    stronger and weaker as they lick.

    Args:
        seconds: length, above 0.
        sample_rate: Hz.
        seed: names the fire; the same seed gives the same samples.

    Returns:
        A mono sound with a peak of 0.9.
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * sample_rate)
    rumble = band_noise(rng, count, sample_rate, 40, 400)
    flames = 0.3 * rumble + 0.25 * band_noise(rng, count, sample_rate, 800, 9000)
    licking = 1 + 0.5 * band_noise(rng, count, sample_rate, 0.3, 4)
    samples = 0.05 * flames * np.clip(licking, 0.2, 2)
    for start in rng.uniform(0, seconds, rng.poisson(_POPS_PER_SECOND * seconds)):
        first = int(start * sample_rate)
        pop = _pop(rng, sample_rate)[: count - first]
        samples[first : first + len(pop)] += pop
    samples *= 0.9 / np.abs(samples).max()
    return Sound(samples.astype(np.float32)[None], sample_rate)


def _pop(rng: np.random.Generator, sample_rate: int) -> np.ndarray:
    """Broadband noise with a sharp attack and an exponential decay of 1 to 4 ms."""
    decay = rng.uniform(0.001, 0.004)
    time = np.arange(round(8 * decay * sample_rate)) / sample_rate
    level = min(0.08 * (rng.pareto(1.6) + 0.3), 1.0)
    return level * rng.standard_normal(len(time)) * np.exp(-time / decay)
