"""Synthesised sounds: a crackling fire, water, and weather."""

import wave
from pathlib import Path

import numpy as np

from soundini.media.output import PartialFile
from soundini.media.sound import Sound

RATE = 44100
"""Samples a second of synthetic sounds."""
_POPS_PER_SECOND = 120.0
_DROPS_PER_SECOND = 900.0
_BUBBLES_PER_SECOND = 150.0
_LOWEST, _HIGHEST = 200.0, 2000.0


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


def write_wav(path: Path, sound: Sound) -> None:
    """Write 16-bit PCM; the file appears by atomic rename.

    Raises:
        MediaError: it cannot be written.
    """
    levels = np.rint(sound.samples.T.clip(-1, 1) * 32767).astype("<i2")
    with PartialFile(path) as file:
        with wave.open(str(file.partial), "wb") as out:
            out.setnchannels(sound.samples.shape[0])
            out.setsampwidth(2)
            out.setframerate(sound.sample_rate)
            out.writeframes(levels.tobytes())
        file.commit()
