"""A small denoiser that stands in for the large one where only a gradient is wanted (K. Crowson's "secondary model")."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from soundini.diffusion.schedule import NoiseSchedule

WIDTHS = (64, 128, 128, 256, 256, 512)
"""Channels of each level of the published model, the finest first."""

_FEATURES = 16


class SecondaryDenoiser(nn.Module):
    """A convolutional U-Net of 14 million parameters that roughly estimates the clean frames.

    3 x 3 convolutions and ReLUs, average pooling on the way down, bilinear on the way up, skips by concatenation. The time is
    told by 16 Fourier features in planes beside the colours. The output is v: x_0 = alpha x - sigma v (Salimans & Ho 2022).
    Its parameters have the names of ``secondary_model_imagenet_2.pth``.

    Args:
        widths: channels of each level.

    Attributes:
        stride: frames' sides must be multiples of this.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stride = 2 ** (len(widths) - 1)
        self.timestep_embed = _FourierFeatures(_FEATURES)
        with torch.random.fork_rng(devices=[]):
            self.net = nn.Sequential(
                _convolution(3 + _FEATURES, widths[0]),
                _convolution(widths[0], widths[0]),
                _Skip(*_level(widths)),
                _convolution(2 * widths[0], widths[0]),
                nn.Conv2d(widths[0], 3, 3, padding=1),
            )

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> SecondaryDenoiser:
        """Load the published weights.

        Raises:
            RuntimeError: they do not fit the network.
        """
        denoiser = cls()
        denoiser.load_state_dict(dict(state))
        return denoiser.eval().requires_grad_(False)

    def forward(self, x: Tensor, abar: float) -> Tensor:
        """Estimate the clean frames; differentiable.

        Args:
            x: noisy frames, x_t = alpha x_0 + sigma eps.
            abar: alpha squared, the share of the signal's variance.

        Shape:
            ``x``: ``[T, 3, H, W]``, sides multiples of ``stride``; returns the same.
        """
        alpha, sigma = math.sqrt(abar), math.sqrt(1.0 - abar)
        time = x.new_tensor([math.atan2(sigma, alpha) * 2.0 / math.pi])
        planes = self.timestep_embed(time).view(1, -1, 1, 1).expand(len(x), -1, *x.shape[-2:])
        return alpha * x - sigma * self.net(torch.cat([x, planes], dim=1))

    def estimate(self, schedule: NoiseSchedule, x: Tensor, t: int) -> Tensor:
        """The same at a timestep of a schedule."""
        return self(x, float(schedule.abar(t)))


class _FourierFeatures(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count // 2, 1))

    def forward(self, time: Tensor) -> Tensor:
        angles = 2 * math.pi * self.weight[:, 0] * time
        return torch.cat([angles.cos(), angles.sin()])


class _Skip(nn.Module):
    """What goes through ``main``, then what comes in."""

    def __init__(self, *main: nn.Module) -> None:
        super().__init__()
        self.main = nn.Sequential(*main)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.main(x), x], dim=1)


def _level(widths: Sequence[int]) -> list[nn.Module]:
    """All that lies below a level, on half its grid."""
    above, here, *deeper = widths
    middle = [_convolution(here, here)]
    if deeper:
        middle = [_Skip(*_level(widths[1:])), _convolution(2 * here, here)]
    return [
        nn.AvgPool2d(2),
        _convolution(above, here),
        _convolution(here, here),
        *middle,
        _convolution(here, above),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    ]


def _convolution(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.ReLU())
