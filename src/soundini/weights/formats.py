"""The checkpoints that soundini knows: how to tell them, what they hold, what they become."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from soundini.baselines.vqgan.config import OFFICIAL, VQGANConfig
from soundini.baselines.vqgan.loading import CONFIG_FILE, config_text
from soundini.baselines.vqgan.loading import WEIGHTS_FILE as VQGAN_FILE
from soundini.diffusion.adm import (
    GUIDED_256_UNCOND,
    GUIDED_512_COND,
    GUIDED_512_UNCOND,
    WEIGHTS_FILE,
    AdmConfig,
)
from soundini.diffusion.secondary import SecondaryDenoiser
from soundini.errors import ModelError
from soundini.weights.reading import Layout, check_layout, layout_of, strip_prefix
from soundini.weights.sound_encoders import (
    resnet_layout,
    swin_layout,
    swin_to_timm,
    vipant_layout,
    vipant_to_ours,
    wav2clip_layout,
    wav2clip_to_ours,
)
from soundini.weights.unet import SCHEDULER, guided_layout, guided_to_diffusers, infer_config
from soundini.weights.vision import (
    CLIP_VIT_B16,
    CLIP_VIT_B32,
    ClipConfig,
    clean_clip,
    clean_vqgan,
    clip_layout,
    lins_layout,
    princeton_to_torchvision,
    torchvision_layout,
    trunk_layout,
    vqgan_layout,
)

State = Mapping[str, Tensor]


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


@dataclass(frozen=True)
class Format:
    """One kind of checkpoint.

    Args:
        name: what it is called, in the registry and on the command line.
        matches: tells it from the others, by a few keys (without ``module.``) and shapes.
        layout: key and shape of every tensor as published; for ``make-random``.
        convert: checks all keys and shapes, and gives the tensors soundini loads.
        weights: path of the converted weights in the models folder.
        texts: small files that go beside them, by name.
    """

    name: str
    matches: Callable[[State], bool]
    layout: Callable[[], Layout]
    convert: Callable[[State], dict[str, Tensor]]
    weights: str
    texts: Mapping[str, str] = field(default_factory=dict)


def guided_format(name: str, config: AdmConfig) -> Format:
    """Describe a guided-diffusion U-Net of an architecture."""

    def matches(state: State) -> bool:
        if "middle_block.1.qkv.weight" not in state:
            return False
        return _shape_of(infer_config(state)) == _shape_of(config)

    unet = {"_class_name": "UNet2DModel", **config.settings()}
    return Format(
        name,
        matches,
        partial(guided_layout, config),
        lambda state: guided_to_diffusers(strip_prefix(state), config),
        f"{name}/{WEIGHTS_FILE}",
        {"config.json": _json(unet), "scheduler_config.json": _json(SCHEDULER)},
    )


def clip_format(name: str, config: ClipConfig) -> Format:
    """Describe a CLIP with a vision transformer."""

    def matches(state: State) -> bool:
        first = state.get("visual.conv1.weight")
        return first is not None and tuple(first.shape) == (
            config.width,
            3,
            config.patch,
            config.patch,
        )

    return Format(
        name,
        matches,
        partial(clip_layout, config),
        partial(clean_clip, config=config),
        f"{name}/model.safetensors",
        {"config.json": _json({"format": name})},
    )


def vqgan_format(name: str, config: VQGANConfig) -> Format:
    """Describe a VQGAN of taming-transformers."""

    def matches(state: State) -> bool:
        codes = state.get("quantize.embedding.weight")
        return (
            "decoder.up.0.block.0.norm1.weight" in state
            and codes is not None
            and tuple(codes.shape) == (config.n_embed, config.embed_dim)
        )

    return Format(
        name,
        matches,
        partial(vqgan_layout, config),
        partial(clean_vqgan, config=config),
        f"{name}/{VQGAN_FILE}",
        {CONFIG_FILE: config_text(config)},
    )


def _secondary_layout() -> Layout:
    with torch.device("meta"):
        return layout_of(SecondaryDenoiser().state_dict())


def _checked(what: str, layout: Callable[[], Layout]) -> Callable[[State], dict[str, Tensor]]:
    """Convert a checkpoint whose names are ours already."""

    def convert(state: State) -> dict[str, Tensor]:
        weights = strip_prefix(state)
        check_layout(weights, layout(), what)
        return weights

    return convert


def _sound_format(
    name: str,
    sign: str,
    layout: Callable[[], Layout],
    convert: Callable[[State], dict[str, Tensor]],
) -> Format:
    return Format(
        name,
        lambda state: sign in state,
        layout,
        convert,
        f"{name}/model.safetensors",
        {"config.json": _json({"format": name})},
    )


def vipant_format(width: int = 768, layers: int = 12) -> Format:
    """Describe VIP-ANT's audio tower; the defaults are the published sizes."""
    return _sound_format(
        "vipant_audio",
        "pre_encoder.conv1.weight",
        partial(vipant_layout, width, layers),
        lambda state: vipant_to_ours(state, vipant_layout(width, layers)),
    )


def _convert_trunk(state: State) -> dict[str, Tensor]:
    features = {k: v for k, v in state.items() if k.startswith("features.")}
    check_layout(features, trunk_layout(), "torchvision's VGG16")
    return features


def _is_vgg16(state: State) -> bool:
    last = state.get("features.28.weight")
    return last is not None and last.ndim == 4 and "features.1.weight" not in state


FORMATS = (
    guided_format("guided_256_uncond", GUIDED_256_UNCOND),
    guided_format("guided_512_cond", GUIDED_512_COND),
    guided_format("guided_512_uncond", GUIDED_512_UNCOND),
    Format(
        "secondary",
        lambda state: "timestep_embed.weight" in state and "net.2.main.1.0.weight" in state,
        _secondary_layout,
        _checked("the secondary model", _secondary_layout),
        "secondary/model.safetensors",
    ),
    clip_format("clip_vit_b32", CLIP_VIT_B32),
    clip_format("clip_vit_b16", CLIP_VIT_B16),
    _sound_format(
        "swin_audio", "feature_extractor.patch_embed.proj.weight", swin_layout, swin_to_timm
    ),
    _sound_format(
        "resnet18_audio",
        "feature_extractor.layer4.1.conv2.weight",
        resnet_layout,
        _checked("the ResNet-18 sound encoder", resnet_layout),
    ),
    vipant_format(),
    _sound_format(
        "wav2clip_audio", "audio_transform.sequential.0.weight", wav2clip_layout, wav2clip_to_ours
    ),
    Format(
        "raft_large",
        lambda state: any(
            key in state
            for key in ("update_block.gru.convz1.weight", "mask_predictor.convrelu.0.weight")
        ),
        torchvision_layout,
        princeton_to_torchvision,
        "flow/raft_large.safetensors",
    ),
    Format(
        "vgg16",
        _is_vgg16,
        trunk_layout,
        _convert_trunk,
        "lpips/vgg16.safetensors",
    ),
    Format(
        "lpips_vgg_lins",
        lambda state: "lin0.model.1.weight" in state,
        lins_layout,
        _checked("the channel weights of LPIPS v0.1 with VGG", lins_layout),
        "lpips/lpips_vgg_lins.safetensors",
    ),
    *(vqgan_format(name, config) for name, config in OFFICIAL.items()),
)


def find_format(name: str) -> Format:
    """Look a format up by its name.

    Raises:
        ModelError: there is none of that name.
    """
    for known in FORMATS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in FORMATS)
    raise ModelError("there is no layout {name!r}; use one of {names}", name=name, names=names)


def recognise(state: State, formats: tuple[Format, ...] = FORMATS) -> Format:
    """Tell a checkpoint by its keys and shapes.

    Raises:
        ModelError: it is none of those known.
    """
    state = strip_prefix(state)
    for known in formats:
        if known.matches(state):
            return known
    names = ", ".join(known.name for known in formats)
    first = next(iter(state), "nothing")
    raise ModelError(
        "this checkpoint ({count} tensors, the first {first}) is none of {names}; check which "
        "file it is",
        count=len(state),
        first=first,
        names=names,
    )


def _shape_of(config: AdmConfig) -> tuple[object, ...]:
    """Pick what the shapes of a checkpoint tell of its architecture."""
    return (config.widths, config.attention_levels, config.model_channels, config.num_classes)
