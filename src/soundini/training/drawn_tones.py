"""Sounds without an effect that nobody needs to record: tones, chords, beeps, sweeps and hums."""

from __future__ import annotations

import numpy as np
import torch

from soundini.joint.spectrogram import MelConfig, mel_power
from soundini.training.classes import CLASSES, NONE
from soundini.training.drawn_sounds import DrawnSound

_SECONDS = (1.5, 5.0)
_PITCH_HZ = (80.0, 3000.0)

_PURE = 0.4
"""Share of the tones without overtones."""


def draw_tones(count: int, rng: np.random.Generator) -> list[DrawnSound]:
    """Draw tones: up to four voices, most with overtones, steady, gliding or struck again and again, over a little hiss.

    Args:
        count: how many.
        rng: what decides.
    """
    mel, target = MelConfig(), torch.zeros(len(CLASSES))
    target[CLASSES.index(NONE)] = 1
    drawn = []
    for _ in range(count):
        samples = _tone(rng, mel.sample_rate)
        samples = samples / np.abs(samples).max() * 10 ** (rng.uniform(-15, 0) / 20)
        samples = samples + 10 ** (rng.uniform(-90, -50) / 20) * rng.standard_normal(len(samples))
        drawn.append(DrawnSound(mel_power(torch.from_numpy(samples).float(), mel), target))
    return drawn


def _tone(rng: np.random.Generator, rate: int) -> np.ndarray:
    time = np.arange(round(rng.uniform(*_SECONDS) * rate)) / rate
    lowest = np.exp(rng.uniform(*np.log(_PITCH_HZ)))
    voices = [lowest * 2 ** (rng.integers(0, 20) / 12) for _ in range(rng.integers(1, 5))]
    glide = rng.uniform(-1, 1) * (rng.random() < 0.3)  # octaves over the whole
    wobble = rng.uniform(0, 0.01) * np.sin(2 * np.pi * rng.uniform(3, 8) * time)
    cycles = np.cumsum(2 ** (glide * time / time[-1]) * (1 + wobble)) / rate
    steepness = rng.uniform(0.7, 3)
    total = np.zeros_like(time)
    overtones = 1 if rng.random() < _PURE else int(rng.integers(2, 12))
    for pitch in voices:
        for overtone in range(1, overtones + 1):
            if pitch * overtone * 2 ** max(glide, 0) < rate / 2:
                phase = rng.uniform(0, 2 * np.pi)
                total += overtone**-steepness * np.sin(
                    2 * np.pi * pitch * overtone * cycles + phase
                )
    return total * _envelope(rng, time)


def _envelope(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Steady, struck and dying away, or on and off, with edges of some milliseconds."""
    kind, every = rng.integers(3), rng.uniform(0.15, 1.5)
    since = time % every
    edge = np.clip(since / rng.uniform(0.003, 0.05), 0, 1)
    if kind == 0:
        return np.clip(np.minimum(time, time[-1] - time) / 0.05, 0, 1)
    if kind == 1:
        return edge * np.exp(-since / rng.uniform(0.05, 0.8))
    return edge * np.clip((rng.uniform(0.3, 0.8) * every - since) / 0.01, 0, 1)
