"""The judge's input: pooled features of an ImageNet network at several scales."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.perceptual.imagenet import imagenet_classifier

SIZE = 160
"""Side in pixels at which pictures enter the network."""

HEAD_FEATURES = 1280
"""How many of the features, the first ones, are the head's."""

MIDDLE_FEATURES = slice(1408, 1520)
"""The means of the 112 channels at stride 16: what parts and textures there are."""

_CHUNK = 32
_TAPS = 5
_POOLED = slice(1, None)
"""The taps that are pooled: strides 4 to 32; what stride 2 sees is mostly noise and compression."""


class PooledFeatures(nn.Module):
    """EfficientNet-Lite0 as ImageNet left it, pooled: means and deviations of its stages, and the mean of its head.

    The head (1280 numbers) tells what is shown. The stages (24, 40, 112 and 320 channels at strides 4, 8, 16 and 32) tell
    its texture.

    Shape:
        ``frames``: ``[T, 3, H, W]`` in [-1, 1]; returns ``[T, 2272]``.

    Raises:
        ModelError: the weights that the dependency should bring are missing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = imagenet_classifier().to(memory_format=torch.channels_last)

    @torch.no_grad()
    def forward(self, frames: Tensor) -> Tensor:
        """Compute the features of frames of any size; see the class for shapes."""
        return torch.cat([self._pooled(part) for part in frames.split(_CHUNK)])

    def _pooled(self, frames: Tensor) -> Tensor:
        if frames.shape[-2:] != (SIZE, SIZE):
            frames = F.interpolate(
                frames, (SIZE, SIZE), mode="bicubic", align_corners=False, antialias=True
            ).clamp(-1, 1)
        head, taps = self.network.forward_intermediates(  # pyright: ignore[reportCallIssue]
            frames.contiguous(memory_format=torch.channels_last), indices=_TAPS
        )
        spread = [f(tap) for tap in taps[_POOLED] for f in (_mean, _deviation)]
        return torch.cat([_mean(head), *spread], 1)


def _mean(maps: Tensor) -> Tensor:
    return maps.mean((2, 3))


def _deviation(maps: Tensor) -> Tensor:
    return maps.var((2, 3), correction=0).sqrt()
