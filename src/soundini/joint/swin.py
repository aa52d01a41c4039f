"""The sound encoder of the paper: a Swin transformer that looks at a spectrogram."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SIDE = 224


class SwinSoundEncoder(nn.Module):
    """timm's ``swin_tiny_patch4_window7_224`` with one input channel and 512 outputs.

    Its parameters have the names of the "tpami_encoder" checkpoint after conversion: those of timm
    0.9 and later.

    Args:
        feature_extractor: ``[B, 1, S, S]`` -> ``[B, dim]``; None for the network of the checkpoint,
            with random weights.
        side: S.

    Attributes:
        logit_scale_ai: logarithm of the scale between sounds and images; of use in training only.
        logit_scale_at: the same between sounds and texts.

    Shape:
        ``windows``: ``[B, mel, columns]`` in [0, 1]; returns ``[B, dim]``, not normalised.
    """

    def __init__(self, feature_extractor: nn.Module | None = None, side: int = _SIDE) -> None:
        super().__init__()
        self.feature_extractor = feature_extractor or _swin_tiny()
        self.side = side
        self.logit_scale_ai = nn.Parameter(torch.zeros(()))
        self.logit_scale_at = nn.Parameter(torch.zeros(()))

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> SwinSoundEncoder:
        """Load converted weights.

        Raises:
            RuntimeError: they do not fit the network.
        """
        encoder = cls()
        encoder.load_state_dict({key: value.float() for key, value in state.items()})
        return encoder.eval().requires_grad_(False)

    def image(self, windows: Tensor) -> Tensor:
        """Stretch windows to the square that the network was trained on: ``[B, 1, S, S]``."""
        size = (self.side, self.side)
        return F.interpolate(windows[:, None], size=size, mode="bilinear", align_corners=False)

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows; see the class for shapes."""
        return self.feature_extractor(self.image(windows))


def _swin_tiny() -> nn.Module:
    import timm

    # not on meta: the network computes its masks and position tables when it is built
    with torch.random.fork_rng(devices=[]):
        return timm.create_model("swin_tiny_patch4_window7_224", in_chans=1, num_classes=512)
