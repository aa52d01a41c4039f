"""VIP-ANT (Zhao et al., NAACL 2022, arXiv 2112.08995): CLIP's vision transformer, trained on to hear spectrograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.joint.kaldi import KaldiConfig, kaldi_filter_bank
from soundini.joint.spectrogram import FrontEnd

COLUMNS = 1000
"""Frames of 10 ms that the network sees."""

_BANDS = 128
_KALDI = KaldiConfig(sample_rate=44_100, n_mels=_BANDS)
_MEAN, _STD = -4.93839311, 5.75751113
_PATCH = 32
_STRIDE = (16, 24)
_HEAD = 64


def _log_mel(waveform: Tensor) -> Tensor:
    return kaldi_filter_bank(waveform - waveform.mean(), _KALDI)


VIPANT_FRONT_END = FrontEnd(
    _KALDI.sample_rate,
    _KALDI.sample_rate / _KALDI.shift,
    COLUMNS,
    _log_mel,
    first_column=_KALDI.frame_seconds / 2,
)
"""Kaldi's filter bank of the whole clip, whose mean is taken off. Levels are kept: loudness counts."""


class VipAntSoundEncoder(nn.Module):
    """The image tower of CLIP ViT-B/32 with one input channel, patches that overlap, and 306 positions.

    The picture has time from top to bottom. Patches of 32 x 32 are taken every 16 frames and every 24 bands. A window that is
    shorter than 1000 columns is followed by zeros, as in training; of a longer one, the middle is seen.

    Args:
        width: channels of the transformer.
        layers: its blocks.
        dim: length of an embedding.

    Shape:
        ``windows``: ``[B, 128, columns]``, log mel energies; returns ``[B, dim]``, not normalised.

    Raises:
        ModelError: open_clip is not installed.
    """

    def __init__(self, width: int = 768, layers: int = 12, dim: int = 512) -> None:
        super().__init__()
        across = [(n - _PATCH) // s + 1 for n, s in zip((COLUMNS, _BANDS), _STRIDE, strict=True)]
        transformer = _open_clip_transformer()
        with torch.random.fork_rng(devices=[]):
            self.conv1 = nn.Conv2d(1, width, _PATCH, _STRIDE, bias=False)
            self.class_embedding = nn.Parameter(torch.zeros(width))
            self.positional_embedding = nn.Parameter(torch.zeros(1 + across[0] * across[1], width))
            self.ln_pre = nn.LayerNorm(width)
            self.transformer = transformer.Transformer(
                width, layers, width // _HEAD, act_layer=transformer.QuickGELU
            )
            self.ln_post = nn.LayerNorm(width)
            self.proj = nn.Parameter(torch.zeros(width, dim))

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> VipAntSoundEncoder:
        """Load converted weights; the sizes are read off the shapes.

        Raises:
            RuntimeError: they do not fit the network.
            KeyError: the same.
        """
        width, dim = state["proj"].shape
        prefix = "transformer.resblocks."
        layers = len({k[len(prefix) :].split(".")[0] for k in state if k.startswith(prefix)})
        encoder = cls(width, layers, dim)
        encoder.load_state_dict({key: value.float() for key, value in state.items()})
        return encoder.eval().requires_grad_(False)

    def image(self, windows: Tensor) -> Tensor:
        """Bring windows to the length that the network was trained on: ``[B, 1, 1000, 128]``."""
        surplus = max(windows.shape[-1] - COLUMNS, 0)
        seen = windows[..., surplus // 2 : surplus // 2 + COLUMNS]
        padded = F.pad(seen, (0, COLUMNS - seen.shape[-1]))
        return ((padded - _MEAN) / _STD).transpose(1, 2)[:, None]

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows; see the class for shapes."""
        patches = self.conv1(self.image(windows)).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(patches), 1, -1)
        tokens = torch.cat([first, patches], dim=1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(tokens))[:, 0]) @ self.proj


def _open_clip_transformer() -> Any:
    try:
        from open_clip import transformer
    except ImportError:
        raise ModelError(
            "the paper's models need open_clip; run: pip install 'soundini[paper]'"
        ) from None
    return transformer
