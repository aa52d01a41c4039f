"""Layouts of the two halves of LPIPS v0.1."""

from __future__ import annotations

import torch

from soundini.weights.layout import Shape, layout_of

_CHANNELS = (64, 128, 256, 512, 512)


def lins_layout() -> dict[str, Shape]:
    """List the channel weights of the authors' ``vgg.pth``."""
    return {f"lin{i}.model.1.weight": (1, c, 1, 1) for i, c in enumerate(_CHANNELS)}


def trunk_layout() -> dict[str, Shape]:
    """List the convolutions of torchvision's VGG16, without its classifier; takes no memory."""
    from torchvision.models import vgg16

    with torch.device("meta"):
        return {f"features.{k}": v for k, v in layout_of(vgg16().features.state_dict()).items()}
