"""guided-diffusion's checkpoints as diffusers' ``UNet2DModel``."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from soundini.diffusion.adm import AdmConfig, build_unet
from soundini.errors import ModelError
from soundini.weights.reading import Shape, check_layout, layout_of

Kind = Literal["affine", "table", "qkv", "projection"]
Pair = tuple[str, str, Kind]

_RESBLOCK = (
    ("in_layers.0", "norm1"),
    ("in_layers.2", "conv1"),
    ("emb_layers.1", "time_emb_proj"),
    ("out_layers.0", "norm2"),
    ("out_layers.3", "conv2"),
)

SCHEDULER: dict[str, Any] = {
    "_class_name": "DDPMScheduler",
    "num_train_timesteps": 1000,
    "beta_schedule": "linear",
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "prediction_type": "epsilon",
    "variance_type": "learned_range",
    "clip_sample": False,
}
"""``scheduler_config.json`` of both official models."""


def guided_to_diffusers(state: Mapping[str, Tensor], config: AdmConfig) -> dict[str, Tensor]:
    """Rename guided-diffusion's tensors for ``UNet2DModel``, and sort q, k and v of its heads.

    Args:
        state: an official state dict.
        config: its architecture, see :func:`infer_config`.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    check_layout(state, guided_layout(config), "a guided-diffusion U-Net")
    out: dict[str, Tensor] = {}
    for official, ours, kind in _pairs(config):
        if kind == "table":
            out[f"{ours}.weight"] = state[f"{official}.weight"]
            continue
        for part in ("weight", "bias"):
            value = state[f"{official}.{part}"]
            if kind == "qkv":
                for name, split in zip("qkv", _split(value, config), strict=True):
                    out[f"{ours}.to_{name}.{part}"] = split
            else:
                squeeze = kind == "projection" and part == "weight"
                out[f"{ours}.{part}"] = value.squeeze(-1) if squeeze else value
    return out


def guided_layout(config: AdmConfig) -> dict[str, Shape]:
    """List every key and shape of an architecture's official checkpoint; takes no memory."""
    return layout_of(_to_guided(_empty(config), config))


def infer_config(
    state: Mapping[str, Tensor], *, num_head_channels: int = 64, sample_size: int | None = None
) -> AdmConfig:
    """Read the architecture off a checkpoint's keys and shapes.

    Args:
        state: an official state dict.
        num_head_channels: channels of an attention head, which no shape tells.
        sample_size: pixels it was trained at, which no shape tells.

    Raises:
        ModelError: it is not a guided-diffusion U-Net with up and down residual blocks.
    """
    try:
        blocks = {int(key.split(".")[1]) for key in state if key.startswith("output_blocks.")}
        upsampling = {
            key.split(".")[1]
            for key in state
            if key.startswith("output_blocks.")
            and key.split(".")[2] != "0"
            and key.endswith("in_layers.2.weight")
        }
        levels = len(upsampling) + 1
        per_level, rest = divmod(len(blocks), levels)
        if rest or per_level < 2:
            raise KeyError("output_blocks")
        firsts = [level * per_level + 1 for level in range(levels)]
        return AdmConfig(
            widths=tuple(len(state[f"input_blocks.{n}.0.out_layers.3.weight"]) for n in firsts),
            attention_levels=tuple(
                level for level, n in enumerate(firsts) if f"input_blocks.{n}.1.qkv.weight" in state
            ),
            model_channels=state["time_embed.0.weight"].shape[1],
            num_res_blocks=per_level - 1,
            num_head_channels=num_head_channels,
            num_classes=len(state["label_emb.weight"]) if "label_emb.weight" in state else None,
            in_channels=state["input_blocks.0.0.weight"].shape[1],
            out_channels=len(state["out.2.weight"]),
            sample_size=sample_size,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(
            "this is not a guided-diffusion U-Net with residual up- and downsampling ({why}); use "
            "256x256_diffusion_uncond.pt or 512x512_diffusion.pt",
            why=error,
        ) from None


def _to_guided(state: Mapping[str, Tensor], config: AdmConfig) -> dict[str, Tensor]:
    out: dict[str, Tensor] = {}
    for official, ours, kind in _pairs(config):
        if kind == "table":
            out[f"{official}.weight"] = state[f"{ours}.weight"]
            continue
        for part in ("weight", "bias"):
            if kind == "qkv":
                out[f"{official}.{part}"] = _join(
                    [state[f"{ours}.to_{name}.{part}"] for name in "qkv"], config
                )
            else:
                value = state[f"{ours}.{part}"]
                unsqueeze = kind == "projection" and part == "weight"
                out[f"{official}.{part}"] = value.unsqueeze(-1) if unsqueeze else value
    return out


def _split(value: Tensor, config: AdmConfig) -> list[Tensor]:
    """``[3 C, ...]``, where each head holds its q, k and v in a row, -> three of ``[C, ...]``."""
    heads = value.reshape(-1, 3, config.num_head_channels, *value.shape[1:2])
    return [heads[:, i].flatten(0, 1) for i in range(3)]


def _join(parts: list[Tensor], config: AdmConfig) -> Tensor:
    heads = torch.stack(
        [p.reshape(-1, config.num_head_channels, *p.shape[1:]) for p in parts], dim=1
    )
    joined = heads.flatten(0, 2)
    return joined.unsqueeze(-1) if joined.ndim == 2 else joined


def _empty(config: AdmConfig) -> dict[str, Tensor]:
    with torch.device("meta"):
        return build_unet(config.settings()).state_dict()


def _pairs(config: AdmConfig) -> Iterator[Pair]:
    """Every module of the network under both names, in the official order."""
    last = len(config.widths) - 1
    yield "time_embed.0", "time_embedding.linear_1", "affine"
    yield "time_embed.2", "time_embedding.linear_2", "affine"
    if config.num_classes is not None:
        yield "label_emb", "class_embedding", "table"
    yield "input_blocks.0.0", "conv_in", "affine"
    block, channels, skips = 1, config.widths[0], [config.widths[0]]
    for level, width in enumerate(config.widths):
        for i in range(config.num_res_blocks):
            official, ours = f"input_blocks.{block}", f"down_blocks.{level}"
            yield from _resblock(f"{official}.0", f"{ours}.resnets.{i}", channels != width)
            if level in config.attention_levels:
                yield from _attention(f"{official}.1", f"{ours}.attentions.{i}")
            block, channels = block + 1, width
            skips.append(width)
        if level != last:
            yield from _resblock(f"input_blocks.{block}.0", f"down_blocks.{level}.downsamplers.0")
            block += 1
            skips.append(width)
    yield from _resblock("middle_block.0", "mid_block.resnets.0")
    yield from _attention("middle_block.1", "mid_block.attentions.0")
    yield from _resblock("middle_block.2", "mid_block.resnets.1")
    block = 0
    for level, width in reversed(list(enumerate(config.widths))):
        ours = f"up_blocks.{last - level}"
        for i in range(config.num_res_blocks + 1):
            official, index = f"output_blocks.{block}", 1
            channels += skips.pop()
            yield from _resblock(f"{official}.0", f"{ours}.resnets.{i}", channels != width)
            channels = width
            if level in config.attention_levels:
                yield from _attention(f"{official}.1", f"{ours}.attentions.{i}")
                index = 2
            if level and i == config.num_res_blocks:
                yield from _resblock(f"{official}.{index}", f"{ours}.upsamplers.0")
            block += 1
    yield "out.0", "conv_norm_out", "affine"
    yield "out.2", "conv_out", "affine"


def _resblock(official: str, ours: str, skip: bool = False) -> Iterator[Pair]:
    for theirs, name in _RESBLOCK:
        yield f"{official}.{theirs}", f"{ours}.{name}", "affine"
    if skip:
        yield f"{official}.skip_connection", f"{ours}.conv_shortcut", "affine"


def _attention(official: str, ours: str) -> Iterator[Pair]:
    yield f"{official}.norm", f"{ours}.group_norm", "affine"
    yield f"{official}.qkv", ours, "qkv"
    yield f"{official}.proj_out", f"{ours}.to_out.0", "projection"
