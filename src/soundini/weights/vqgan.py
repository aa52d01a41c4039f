"""The official VQGANs of taming-transformers: their layout, and what in a checkpoint is of the model."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from soundini.baselines.vqgan.config import VQGANConfig
from soundini.baselines.vqgan.network import VQGAN
from soundini.weights.layout import Shape, check_layout, layout_of, strip_prefix

# the discriminator and the perceptual network that it was trained with
_LOSS = "loss."


def vqgan_layout(config: VQGANConfig) -> dict[str, Shape]:
    """List every key and shape of the model; takes no memory."""
    with torch.device("meta"):
        return layout_of(VQGAN(config).state_dict())


def clean_vqgan(state: Mapping[str, Tensor], config: VQGANConfig) -> dict[str, Tensor]:
    """Keep the model's weights, under their own names.

    Args:
        state: what the checkpoint holds under ``state_dict``.
        config: the model's shape.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    weights = {k: v for k, v in strip_prefix(state).items() if not k.startswith(_LOSS)}
    check_layout(weights, vqgan_layout(config), f"a VQGAN of {config.n_embed} codes")
    return weights
