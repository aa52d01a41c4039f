"""The networks of the embedded joint space."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Pre-activation residual block; stride 2 halves the resolution, by average pooling on the skip path."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, c_in), nn.Conv2d(c_in, c_out, 3, stride, 1)
        self.norm2, self.conv2 = nn.GroupNorm(8, c_out), nn.Conv2d(c_out, c_out, 3, 1, 1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``[B, c_in, H, W]`` -> ``[B, c_out, H / stride, W / stride]``."""
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return self.skip(F.avg_pool2d(x, 2) if self.stride == 2 else x) + h


class ImageTower(nn.Module):
    """Noise-aware image encoder: sees the mixture of x_t and the predicted clean frame that guidance shows it.

    Shape:
        ``x``: ``[B, 3, H, W]`` in [-1, 1], sides multiples of 16 (trained at 64); returns ``[B, dim]``, not normalised.
    """

    WIDTHS = (
        (48, 64, 1),
        (64, 96, 2),
        (96, 96, 1),
        (96, 160, 2),
        (160, 160, 1),
        (160, 256, 2),
        (256, 256, 1),
    )

    def __init__(self, dim: int = 256) -> None:
        super().__init__()
        self.stem = nn.Conv2d(12, 48, 3, 1, 1)
        self.blocks = nn.Sequential(*(ResidualBlock(*width) for width in self.WIDTHS))
        self.norm, self.out = nn.GroupNorm(8, 256), nn.Linear(512, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Embed images; see the class for shapes."""
        h = F.silu(self.norm(self.blocks(self.stem(F.pixel_unshuffle(x, 2))))).float()
        return self.out(torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1))


class SoundNetwork(nn.Module):
    """Small convolutional network over a log-mel window, distilled from the aiSFX embedding.

    Shape:
        ``x``: ``[B, time, mel]``; returns ``[B, dim]``.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256), dim: int = 512) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for i, width in enumerate(widths):
            for c_in in (channels, width):
                layers += [
                    nn.Conv2d(c_in, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(True),
                ]
            if i < 3:
                layers.append(nn.MaxPool2d(2))
            channels = width
        self.net = nn.Sequential(*layers)
        self.out = nn.Sequential(nn.Linear(2 * channels, dim), nn.ReLU(), nn.Linear(dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        """Embed windows; see the class for shapes."""
        h = self.net(x[:, None]).mean(3)
        return self.out(torch.cat([h.amax(2), h.mean(2)], 1))


class SoundHead(nn.Module):
    """From the sound network's space to the joint space.

    Shape:
        ``e``: ``[B, 512]``; returns ``[B, dim]``, not normalised.
    """

    def __init__(self, dim: int = 256) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(512)
        self.mlp = nn.Sequential(nn.Linear(512, 512), nn.SiLU(), nn.Linear(512, dim))

    def forward(self, e: Tensor) -> Tensor:
        """Embed; see the class for shapes."""
        return self.mlp(self.norm(e))
