"""The sound encoder of the paper's predecessor (Lee et al., CVPR 2022): a ResNet-18."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SIZE = (128, 512)


class ResNetSoundEncoder(nn.Module):
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

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> ResNetSoundEncoder:
        """Load the checkpoint's weights.

        Raises:
            RuntimeError: they do not fit the network.
        """
        encoder = cls()
        encoder.load_state_dict(dict(state))
        return encoder.eval().requires_grad_(False)

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
