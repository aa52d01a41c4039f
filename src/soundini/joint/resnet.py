"""Two sound encoders that are ResNet-18: of the paper's predecessor (Lee et al., CVPR 2022), and Wav2CLIP (arXiv 2110.11499)."""

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.joint.spectrogram import FrontEnd

_SIZE = (128, 512)
N_FFT = 512
_SAMPLE_RATE = 16_000
_HOP = 353
_SECONDS = 10


class _LoadedEncoder(nn.Module):
    """An encoder that is made for its published weights."""

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Self:
        """Load converted weights, for inference.

        Raises:
            RuntimeError: they do not fit the network.
        """
        encoder = cls()
        encoder.load_state_dict(dict(state))
        return encoder.eval().requires_grad_(False)


class ResNetSoundEncoder(_LoadedEncoder):
    """A 3 x 3 convolution from one channel to three, then timm's ``resnet18`` with 512 outputs.

    Its input is odd, and must be: the mel window is resized to 512 rows of 128 columns, whose
    numbers are then read row after row as 128 rows of 512 columns (reshaped, not transposed). The
    network was trained on that.

    Args:
        feature_extractor: ``[B, 3, H, W]`` -> ``[B, dim]``; None for the network of the checkpoint,
            with random weights.

    Shape:
        ``windows``: ``[B, mel, columns]`` in [0, 1]; returns ``[B, dim]``, not normalised.
    """

    def __init__(self, feature_extractor: nn.Module | None = None) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            self.conv = nn.Conv2d(1, 3, 3)
            self.feature_extractor = feature_extractor or _resnet18()

    def image(self, windows: Tensor) -> Tensor:
        """Resize and reshape windows into what the network was trained on: ``[B, 1, 128, 512]``."""
        size = (_SIZE[1], _SIZE[0])
        tall = F.interpolate(windows[:, None], size=size, mode="bilinear", align_corners=False)
        return tall.reshape(len(windows), 1, *_SIZE)

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows; see the class for shapes."""
        return self.feature_extractor(self.conv(self.image(windows)))


def _resnet18() -> nn.Module:
    import timm

    return timm.create_model("resnet18", num_classes=512)


def _log_power(waveform: Tensor) -> Tensor:
    """The logarithm of the power spectrum, ``[257, 1 + samples // 353]``."""
    # the clip is mirrored at its ends, which a shorter one than half a window cannot be
    samples = nn.functional.pad(waveform, (0, max(N_FFT // 2 + 1 - len(waveform), 0)))
    spectrum = torch.stft(
        samples,
        N_FFT,
        _HOP,
        window=torch.hann_window(N_FFT, device=waveform.device),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return torch.log(spectrum.abs().square() + 1e-7)


WAV2CLIP_FRONT_END = FrontEnd(
    _SAMPLE_RATE,
    _SAMPLE_RATE / _HOP,
    1 + _SECONDS * _SAMPLE_RATE // _HOP,
    _log_power,
)
"""257 bands of a linear spectrum. Each window is normalised by itself, so that loudness does not count."""


class Wav2ClipSoundEncoder(_LoadedEncoder):
    """torchvision's ResNet-18 with one input channel, then two linear layers into CLIP's space.

    Shape:
        ``windows``: ``[B, 257, columns]``, logarithms of power; returns ``[B, 512]``, not normalised.
    """

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import resnet18

        with torch.random.fork_rng(devices=[]):
            self.audio_encoder = resnet18()
            width = self.audio_encoder.fc.in_features
            self.audio_encoder.add_module("conv1", nn.Conv2d(1, 64, 7, 2, 3, bias=False))
            self.audio_encoder.add_module("fc", nn.Identity())
            self.audio_transform = nn.Sequential(
                nn.Linear(width, width), nn.ReLU(), nn.Dropout(), nn.Linear(width, width)
            )

    def image(self, windows: Tensor) -> Tensor:
        """Normalise each window by its own mean and deviation: ``[B, 1, 257, columns]``.

        The published code takes them over the whole batch, so that an embedding depends on what else is in it; a batch of
        one window comes out the same.
        """
        mean = windows.mean((1, 2), keepdim=True)
        deviation = windows.std((1, 2), keepdim=True)
        return ((windows - mean) / (deviation + 1e-9))[:, None]

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows; see the class for shapes."""
        return self.audio_transform(self.audio_encoder(self.image(windows)))
