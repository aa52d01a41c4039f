"""OpenAI's CLIP checkpoints: their layout, and what in the archive is a weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from soundini.weights.layout import Shape, check_layout, strip_prefix

# attributes of the archived module that are no weights
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "attn_mask")


@dataclass(frozen=True)
class ClipConfig:
    """Sizes of a CLIP with a vision transformer; the defaults are those of ViT-B/32."""

    patch: int = 32
    image_size: int = 224
    width: int = 768
    layers: int = 12
    text_width: int = 512
    text_layers: int = 12
    dim: int = 512
    context_length: int = 77
    vocab_size: int = 49_408


CLIP_VIT_B32 = ClipConfig()
CLIP_VIT_B16 = ClipConfig(patch=16)


def clean_clip(state: Mapping[str, Tensor], config: ClipConfig) -> dict[str, Tensor]:
    """Keep the weights of an official CLIP archive, under their own names and in its own dtypes.

    Args:
        state: what the archive holds.
        config: its sizes.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    weights = {
        key: value
        for key, value in strip_prefix(state).items()
        if key.rsplit(".", 1)[-1] not in _NOT_WEIGHTS
    }
    check_layout(weights, clip_layout(config), f"CLIP ViT with patches of {config.patch} px")
    return weights


def clip_layout(config: ClipConfig) -> dict[str, Shape]:
    """List every key and shape of the official checkpoint."""
    width, patches = config.width, (config.image_size // config.patch) ** 2
    layout: dict[str, Shape] = {
        "positional_embedding": (config.context_length, config.text_width),
        "text_projection": (config.text_width, config.dim),
        "logit_scale": (),
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (patches + 1, width),
        "visual.proj": (width, config.dim),
        "visual.conv1.weight": (width, 3, config.patch, config.patch),
        "token_embedding.weight": (config.vocab_size, config.text_width),
    }
    for name, size in (
        ("visual.ln_pre", width),
        ("visual.ln_post", width),
        ("ln_final", config.text_width),
    ):
        layout |= {f"{name}.weight": (size,), f"{name}.bias": (size,)}
    for prefix, size, layers in (
        ("visual.transformer", width, config.layers),
        ("transformer", config.text_width, config.text_layers),
    ):
        for i in range(layers):
            layout |= dict(_block(f"{prefix}.resblocks.{i}", size))
    return layout


def _block(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.attn.in_proj_weight", (3 * width, width)
    yield f"{name}.attn.in_proj_bias", (3 * width,)
    for part, rows, columns in (
        ("attn.out_proj", width, width),
        ("mlp.c_fc", 4 * width, width),
        ("mlp.c_proj", width, 4 * width),
    ):
        yield f"{name}.{part}.weight", (rows, columns)
        yield f"{name}.{part}.bias", (rows,)
    for norm in ("ln_1", "ln_2"):
        yield f"{name}.{norm}.weight", (width,)
        yield f"{name}.{norm}.bias", (width,)
