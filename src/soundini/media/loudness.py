"""Loudness as people perceive it: the power of all channels, without a DC offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HOP = 512
"""Samples of a hop; each hop gives one level."""
MOMENT = 0.4
"""Seconds over which loudness is taken, as "momentary" in EBU R 128: crackles merge into a fire."""
_REFERENCE_PERCENTILE = 95
_OFFSET_SECONDS = 1.0
"""Seconds over which the median of the means is the offset: it follows a step at once, and no sound above 20 Hz moves it."""
_CHUNK = 4096
_OFFSET_MATTERS = 4e-3
"""Share of the peak from which an offset is removed; smaller ones are left alone."""


@dataclass(frozen=True)
class Level:
    """The level of a whole sound.

    Args:
        peak: the largest distance of a sample from the zero line.
        reference: the level that counts as full: the 95th percentile of the momentary RMS, linear.
    """

    peak: float
    reference: float


class LevelMeter:
    """Measures samples block by block, without keeping them.

    Args:
        sample_rate: samples per second.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._rest: np.ndarray | None = None
        self._parts: list[np.ndarray] = []

    def add(self, samples: np.ndarray) -> None:
        """Take the next samples; the number of channels may change at any time.

        Shape:
            - samples: ``float32 [C, n]``
        """
        if self._rest is not None and len(self._rest) != len(samples):
            self._close()
        if self._rest is not None:
            samples = np.concatenate([self._rest, samples], 1)
        whole = samples.shape[1] // HOP * HOP
        if whole:
            self._parts.append(_statistics(samples[:, :whole].reshape(len(samples), -1, HOP)))
        self._rest = samples[:, whole:]

    def level(self) -> Level:
        """The level of all samples so far."""
        hops = HopStatistics(np.concatenate([*self._parts, *self._last()], 1), self.sample_rate)
        levels = hops.rms(MOMENT)
        reference = float(np.percentile(levels, _REFERENCE_PERCENTILE)) if len(levels) else 0.0
        return Level(hops.peak, reference)

    def _close(self) -> None:
        self._parts += self._last()
        self._rest = None

    def _last(self) -> list[np.ndarray]:
        if self._rest is None:
            return [np.zeros((4, 0, 2))]
        if self._rest.shape[1] == 0:
            return [np.zeros((4, 0, 2))]
        return [_statistics(self._rest[:, None])]


class HopStatistics:
    """Statistics of hops of samples, from which levels are computed.

    Args:
        parts: mean, mean square, least and largest sample of each hop and channel; a mono sound has two equal channels.
        sample_rate: samples per second.

    Shape:
        ``parts``: ``[4, hops, 2]``.
    """

    def __init__(self, parts: np.ndarray, sample_rate: int) -> None:
        self._mean, self._square, self._least, self._largest = parts
        self._hop_seconds = HOP / sample_rate
        width = max(3, 2 * round(_OFFSET_SECONDS / self._hop_seconds / 2) + 1)
        self.offset = _sliding_median(self._mean, width)
        farthest = max(self._largest.max(initial=0.0), -self._least.min(initial=0.0))
        if np.abs(self.offset).max(initial=0.0) < _OFFSET_MATTERS * farthest:
            self.offset = np.zeros_like(self._mean)

    @classmethod
    def of(cls, samples: np.ndarray, sample_rate: int) -> HopStatistics:
        """The statistics of samples in memory.

        Shape:
            - samples: ``float32 [C, N]``
        """
        whole = samples.shape[1] // HOP * HOP
        parts = [_statistics(samples[:, :whole].reshape(len(samples), -1, HOP))]
        if whole < samples.shape[1]:
            parts.append(_statistics(samples[:, None, whole:]))
        return cls(np.concatenate(parts, 1), sample_rate)

    @property
    def peak(self) -> float:
        """The largest distance of a sample from the zero line."""
        far = np.maximum(self._largest - self.offset, self.offset - self._least)
        return float(far.max(initial=0.0))

    def rms(self, seconds: float) -> np.ndarray:
        """Root-mean-square of all channels over a window that slides by one hop; at the ends it is cut short.

        Shape:
            returns ``[hops]``.
        """
        power = self._square - 2 * self.offset * self._mean + self.offset**2
        power = np.maximum(power, 0).mean(1)
        if len(power) == 0:
            return power
        kernel = np.ones(min(len(power), max(1, round(seconds / self._hop_seconds))))
        share = np.convolve(np.ones_like(power), kernel, "same")
        return np.sqrt(np.maximum(np.convolve(power, kernel, "same"), 0) / share)


def without_offset(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Remove the offset of samples; if there is none, the samples are returned as they are.

    Shape:
        - samples: ``float32 [C, N]``
        - returns: the same
    """
    if samples.shape[1] == 0:
        return samples
    offset = HopStatistics.of(samples, sample_rate).offset[:, : len(samples)]
    if not offset.any():
        return samples
    middles = np.minimum((np.arange(len(offset)) + 0.5) * HOP, samples.shape[1])
    at = np.arange(samples.shape[1])
    lines = [np.interp(at, middles, line) for line in offset.T]
    return samples - np.stack(lines).astype(np.float32)


def _statistics(hops: np.ndarray) -> np.ndarray:
    """``[C, n, samples]`` -> ``[4, n, 2]``."""
    values = hops.astype(np.float64)
    parts = np.stack([values.mean(2), (values**2).mean(2), values.min(2), values.max(2)])
    return np.broadcast_to(parts, (4, 2, hops.shape[1])).transpose(0, 2, 1)


def _sliding_median(values: np.ndarray, width: int) -> np.ndarray:
    """Median over a window round each row; at the ends the first and the last whole window count.

    Shape:
        ``values``: ``[n, 2]``; returns the same.
    """
    if len(values) <= width:
        return (
            np.broadcast_to(np.median(values, 0, keepdims=True), values.shape)
            if len(values)
            else values
        )
    windows = np.lib.stride_tricks.sliding_window_view(values, width, 0)
    medians = [np.median(windows[i : i + _CHUNK], 2) for i in range(0, len(windows), _CHUNK)]
    return np.pad(np.concatenate(medians), ((width // 2, width // 2), (0, 0)), mode="edge")
