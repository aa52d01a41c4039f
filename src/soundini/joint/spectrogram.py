"""Mel spectrograms of a whole clip, and windows that slide along them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class MelConfig:
    """Settings of a mel spectrogram, named as in librosa.

    Args:
        sample_rate: Hz.
        n_fft: samples per frame, Hann-windowed.
        hop_length: samples between frames.
        n_mels: number of mel bands.
        f_min: lowest edge in Hz.
        f_max: highest edge in Hz.
        scale: ``htk`` or ``slaney`` mel scale.
        norm: ``slaney`` (unit area in Hz), ``sum`` (weights of a band add up to one) or None.
    """

    sample_rate: int = 44_100
    n_fft: int = 2048
    hop_length: int = 1024
    n_mels: int = 96
    f_min: float = 0.0
    f_max: float = 22_050.0
    scale: Literal["htk", "slaney"] = "htk"
    norm: Literal["slaney", "sum"] | None = "sum"


def _hz_to_mel(f: Tensor, scale: str) -> Tensor:
    if scale == "htk":
        return 2595.0 * torch.log10(1.0 + f / 700.0)
    linear = f / (200.0 / 3)
    return torch.where(
        f >= 1000.0, 15.0 + torch.log(f.clamp_min(1e-9) / 1000.0) / (math.log(6.4) / 27.0), linear
    )


def _mel_to_hz(m: Tensor, scale: str) -> Tensor:
    if scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    return torch.where(
        m >= 15.0, 1000.0 * torch.exp((m - 15.0) * (math.log(6.4) / 27.0)), m * (200.0 / 3)
    )


@lru_cache(maxsize=8)
def mel_filterbank(config: MelConfig) -> Tensor:
    """Triangular mel filters, as ``librosa.filters.mel`` makes them.

    Shape:
        returns ``[n_mels, n_fft // 2 + 1]``, float32.
    """
    frequencies = torch.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1).double()
    edges = torch.tensor([config.f_min, config.f_max], dtype=torch.float64)
    low, high = _hz_to_mel(edges, config.scale).tolist()
    corners = _mel_to_hz(
        torch.linspace(low, high, config.n_mels + 2, dtype=torch.float64), config.scale
    )
    widths = corners.diff()
    ramps = corners[:, None] - frequencies[None]
    rising, falling = -ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]
    weights = torch.minimum(rising, falling).clamp_min(0)
    if config.norm == "slaney":
        weights = weights * (2.0 / (corners[2:] - corners[:-2]))[:, None]
    elif config.norm == "sum":
        weights = F.normalize(weights, p=1, dim=1)
    return weights.float()


def mel_power(waveform: Tensor, config: MelConfig) -> Tensor:
    """Mel power spectrogram with centred frames, zero-padded at the ends.

    Args:
        waveform: mono samples at ``config.sample_rate``.
        config: settings.

    Shape:
        ``waveform``: ``[samples]``; returns ``[n_mels, 1 + samples // hop_length]``.
    """
    window = torch.hann_window(config.n_fft, device=waveform.device)
    spectrum = torch.stft(
        waveform,
        config.n_fft,
        config.hop_length,
        window=window,
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    return mel_filterbank(config).to(waveform.device) @ spectrum.abs().square()


def sliding_windows(spectrogram: Tensor, centres: Tensor, length: int) -> Tensor:
    """Cut windows of ``length`` columns centred at ``centres``; the clip is mirrored beyond its ends.

    Mirroring keeps the first and the last window to the sound of their own end: zero-padding would read as silence, and
    clamping would make all windows of a short clip the same.

    Args:
        spectrogram: columns over time.
        centres: centre column of each window; may be fractional, is rounded.
        length: columns in a window.

    Shape:
        ``spectrogram``: ``[M, L]``; ``centres``: ``[T]``; returns ``[T, M, length]``.
    """
    total = spectrogram.shape[1]
    offsets = torch.arange(length, device=spectrogram.device) - length // 2
    index = centres.round().long().to(spectrogram.device)[:, None] + offsets[None]
    period = max(2 * total - 2, 1)
    index = index.remainder(period)
    index = torch.where(index >= total, period - index, index)
    return spectrogram[:, index].permute(1, 0, 2)


@dataclass(frozen=True)
class FrontEnd:
    """How a clip becomes a spectrogram.

    Args:
        sample_rate: Hz, of the clip.
        columns_per_second: of the spectrogram.
        window_columns: columns that one embedding hears, as the encoder was trained.
        spectrogram: mono samples of the whole clip ``[samples]`` -> ``[bands, columns]``.
        first_column: seconds from the beginning of the clip to the middle of the first column.
    """

    sample_rate: int
    columns_per_second: float
    window_columns: int
    spectrogram: Callable[[Tensor], Tensor]
    first_column: float = 0.0
