"""The discriminator of the VQGAN's training: tells its pictures from photographs, patch by patch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

_SLOPE = 0.2
_GROUPS = 8


class PatchDiscriminator(nn.Module):
    """Strided convolutions and a score for each patch (PatchGAN, arXiv 1611.07004), with group norms instead of batch norms.

    Statistics of a batch would make the score of a picture depend on the others.

    Args:
        width: channels of the first layer, a multiple of 8; each further layer has twice as many.
        layers: convolutions of stride 2.
    """

    def __init__(self, width: int = 24, layers: int = 3) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        channels = 3
        for index in range(layers):
            out = width * 2**index
            parts.append(nn.Conv2d(channels, out, 4, stride=2, padding=1))
            if index:
                parts.append(nn.GroupNorm(_GROUPS, out))
            parts.append(nn.LeakyReLU(_SLOPE))
            channels = out
        self.layers = nn.Sequential(*parts, nn.Conv2d(channels, 1, 4, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Scores, higher for photographs: ``[B, 3, H, W]`` in [-1, 1] -> ``[B, 1, h, w]``."""
        return self.layers(x).float()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises: mean max(0, 1 - real) / 2 + mean max(0, 1 + fake) / 2, a scalar of scores."""
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())
