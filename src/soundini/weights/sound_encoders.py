"""The published sound encoders: their layouts, and timm's old names in terms of its new ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from soundini.weights.layout import Layout, Shape, check_layout, layout_of, strip_prefix

_PREFIX = "feature_extractor."
_BUFFERS = ("relative_position_index", "attn_mask")


def swin_to_timm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the "tpami_encoder" checkpoint for timm 0.9 and later.

    Old timm counts a stage's downsampling with the stage before it, calls the head ``head``, and
    keeps tables that are computed anyway. A checkpoint with the new names passes as it is.

    Args:
        state: the checkpoint; its keys may carry ``module.``.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    state = strip_prefix(state)
    weights = {k: v for k, v in state.items() if not k.endswith(_BUFFERS)}
    if f"{_PREFIX}layers.0.downsample.norm.weight" in weights:
        weights = {_renamed(key, 1): value for key, value in weights.items()}
    check_layout(weights, swin_layout(old_names=False), "the Swin sound encoder")
    return weights


def timm_to_swin(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo :func:`swin_to_timm`: old names, without ``module.`` and the computed tables."""
    return {_renamed(key, -1): value for key, value in state.items()}


def swin_layout(*, old_names: bool = True) -> dict[str, Shape]:
    """List the weights of the Swin sound encoder, without the computed tables; takes no memory.

    Args:
        old_names: as published (timm 0.5), or as timm names them since 0.9.
    """
    from soundini.joint.swin import SwinSoundEncoder

    with torch.device("meta"):
        state = SwinSoundEncoder().state_dict()
    return layout_of(timm_to_swin(state) if old_names else state)


def resnet_to_timm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Check the ResNet-18 checkpoint, whose names are still timm's.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    weights = strip_prefix(state)
    check_layout(weights, resnet_layout(), "the ResNet-18 sound encoder")
    return weights


def resnet_layout() -> Layout:
    """List the weights of the ResNet-18 sound encoder; takes no memory."""
    from soundini.joint.resnet import ResNetSoundEncoder

    with torch.device("meta"):
        return layout_of(ResNetSoundEncoder().state_dict())


def _renamed(key: str, step: int) -> str:
    old, new = f"{_PREFIX}head.", f"{_PREFIX}head.fc."
    before, after = (old, new) if step > 0 else (new, old)
    if key.startswith(before):
        return after + key.removeprefix(before)
    return re.sub(
        r"\.layers\.(\d+)\.downsample\.",
        lambda match: f".layers.{int(match[1]) + step}.downsample.",
        key,
    )
