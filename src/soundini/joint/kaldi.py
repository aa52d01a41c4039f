"""Kaldi's log mel filter bank (Povey et al. 2011), as ``torchaudio.compliance.kaldi.fbank`` computes it."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

_BLOCK = 4096
"""Frames that are transformed at once: a long clip takes no more memory than a short one."""


@dataclass(frozen=True)
class KaldiConfig:
    """Settings of a filter bank; what is not named is Kaldi's default, without dither and energy.

    Args:
        sample_rate: Hz.
        n_mels: number of mel bands.
        frame_seconds: length of a frame.
        shift_seconds: time between frames.
        f_min: lowest edge in Hz; the highest is half the sample rate.
        preemphasis: share of the sample before that is taken off each sample.
    """

    sample_rate: int = 44_100
    n_mels: int = 128
    frame_seconds: float = 0.025
    shift_seconds: float = 0.01
    f_min: float = 20.0
    preemphasis: float = 0.97

    @property
    def frame(self) -> int:
        """Samples in a frame."""
        return int(self.sample_rate * self.frame_seconds)

    @property
    def shift(self) -> int:
        """Samples between frames."""
        return int(self.sample_rate * self.shift_seconds)

    @property
    def n_fft(self) -> int:
        """Samples that are transformed: a power of two."""
        return 1 << (self.frame - 1).bit_length()


def kaldi_filter_bank(waveform: Tensor, config: KaldiConfig) -> Tensor:
    """Logarithms of mel energies, with Hann windows and whole frames only.

    A frame has its mean taken off, is pre-emphasised and windowed; its power spectrum is summed in triangles on the mel
    scale 1127 ln(1 + f / 700). Energies are floored at float32's epsilon. Frame i begins at sample i · shift. A waveform that
    is shorter than a frame is padded with zeros.

    Args:
        waveform: mono samples at ``config.sample_rate``, full scale 1.
        config: settings.

    Shape:
        ``waveform``: ``[samples]``; returns ``[n_mels, 1 + (samples - frame) // shift]``.
    """
    waveform = F.pad(waveform, (0, max(config.frame - len(waveform), 0)))
    frames = waveform.unfold(0, config.frame, config.shift)
    window = torch.hann_window(config.frame, periodic=False, device=waveform.device)
    filters = _filters(config).to(waveform)
    blocks = []
    for block in frames.split(_BLOCK):
        centred = block - block.mean(dim=1, keepdim=True)
        before = F.pad(centred[:, None], (1, 0), mode="replicate")[:, 0, :-1]
        emphasised = (centred - config.preemphasis * before) * window
        power = torch.fft.rfft(emphasised, n=config.n_fft).abs().square()
        blocks.append(filters @ power.T)
    return torch.cat(blocks, dim=1).clamp_min(torch.finfo(torch.float32).eps).log()


@lru_cache(maxsize=4)
def _filters(config: KaldiConfig) -> Tensor:
    """Triangles on the mel scale, ``[n_mels, n_fft // 2 + 1]``; half the sample rate itself belongs to none."""
    edges = [_mel(config.f_min), _mel(config.sample_rate / 2)]
    step = (edges[1] - edges[0]) / (config.n_mels + 1)
    left = edges[0] + step * torch.arange(config.n_mels, dtype=torch.float64)[:, None]
    bins = torch.arange(config.n_fft // 2 + 1, dtype=torch.float64)
    mel = 1127.0 * torch.log1p(bins * (config.sample_rate / config.n_fft) / 700.0)[None]
    weights = torch.minimum((mel - left) / step, (left + 2 * step - mel) / step).clamp_min(0)
    weights[:, -1] = 0
    return weights.float()


def _mel(frequency: float) -> float:
    return 1127.0 * math.log1p(frequency / 700.0)
