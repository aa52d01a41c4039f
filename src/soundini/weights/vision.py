"""The published networks that see: layouts of CLIP, RAFT, LPIPS, VQGANs and I3D, and their names in terms of ours."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from soundini.baselines.vqgan.config import VQGANConfig
from soundini.baselines.vqgan.network import VQGAN
from soundini.errors import ModelError
from soundini.weights.reading import (
    Layout,
    Shape,
    check_layout,
    layout_of,
    read_checkpoint,
    strip_prefix,
)

# attributes of the archived module that are no weights
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "attn_mask")
# (in the authors' file, in torchvision's), applied in this order
_RULES = (
    (r"^fnet\.", "feature_encoder."),
    (r"^cnet\.", "context_encoder."),
    (r"_encoder\.conv1\.", "_encoder.convnormrelu.0."),
    (r"_encoder\.norm1\.", "_encoder.convnormrelu.1."),
    (r"_encoder\.conv2\.", "_encoder.conv."),
    (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
    (r"(layer\d\.\d)\.norm([12])\.", r"\1.convnormrelu\2.1."),
    (r"^update_block\.encoder\.conv([cf])([12])\.", r"update_block.motion_encoder.conv\1\2.0."),
    (r"motion_encoder\.convc", "motion_encoder.convcorr"),
    (r"motion_encoder\.convf", "motion_encoder.convflow"),
    (r"^update_block\.encoder\.conv\.", "update_block.motion_encoder.conv.0."),
    (r"^update_block\.gru\.conv([zrq])([12])\.", r"update_block.recurrent_block.convgru\2.conv\1."),
    (r"^update_block\.mask\.0\.", "mask_predictor.convrelu.0."),
    (r"^update_block\.mask\.2\.", "mask_predictor.conv."),
)
_NORM3 = re.compile(r"(layer\d\.\d)\.norm3\.")
_CHANNELS = (64, 128, 256, 512, 512)
# the discriminator and the perceptual network that it was trained with
_LOSS = "loss."
_RENAMED = (
    (re.compile(r"^conv3d_0c_1x1\."), "logits."),
    (re.compile(r"^conv3d_"), "Conv3d_"),
    (re.compile(r"^mixed_"), "Mixed_"),
    (re.compile(r"\.branch_0\."), ".b0."),
    (re.compile(r"\.branch_([12])\.0\."), r".b\1a."),
    (re.compile(r"\.branch_([12])\.1\."), r".b\1b."),
    (re.compile(r"\.branch_3\.1\."), ".b3b."),
    (re.compile(r"\.batch3d\."), ".bn."),
)
"""From names in kinetics_i3d_pytorch to names in pytorch-i3d."""

_COUNTER = ".num_batches_tracked"


@dataclass(frozen=True)
class ClipConfig:
    """Sizes of a CLIP with a vision transformer; the defaults describe ViT-B/32."""

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


def princeton_to_torchvision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the authors' RAFT for torchvision's ``raft_large``; torchvision's own names pass.

    The authors' file holds the norm of every strided block twice, as ``norm3`` and as
    ``downsample.1``; one of them is kept.

    Args:
        state: ``raft-things.pth`` and its like; the keys may carry ``module.``.

    Raises:
        ModelError: keys are missing, unknown, or of another shape, or the two norms differ.
    """
    weights = strip_prefix(state)
    if "fnet.conv1.weight" in weights:
        _check_twins(weights)
        weights = {_renamed(k): v for k, v in weights.items() if not _NORM3.search(k)}
    check_layout(weights, torchvision_layout(), "RAFT")
    return weights


def torchvision_layout() -> dict[str, Shape]:
    """List the weights of torchvision's ``raft_large``; takes no memory."""
    from torchvision.models.optical_flow import raft_large

    with torch.device("meta"):
        return layout_of(raft_large(weights=None).state_dict())


def _renamed(key: str) -> str:
    for pattern, replacement in _RULES:
        key = re.sub(pattern, replacement, key)
    return key


def _check_twins(weights: Mapping[str, Tensor]) -> None:
    for key, value in weights.items():
        twin = _NORM3.sub(r"\1.downsample.1.", key)
        if twin != key and twin in weights and not torch.equal(value, weights[twin]):
            raise ModelError(
                "RAFT's {key} and {twin} should be one tensor and differ; fetch the file again",
                key=key,
                twin=twin,
            )


def lins_layout() -> dict[str, Shape]:
    """List the channel weights of the authors' ``vgg.pth``."""
    return {f"lin{i}.model.1.weight": (1, c, 1, 1) for i, c in enumerate(_CHANNELS)}


def trunk_layout() -> dict[str, Shape]:
    """List the convolutions of torchvision's VGG16, without its classifier; takes no memory."""
    from torchvision.models import vgg16

    with torch.device("meta"):
        return {f"features.{k}": v for k, v in layout_of(vgg16().features.state_dict()).items()}


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


def read_i3d(path: Path, layout: Layout) -> dict[str, Tensor]:
    """Read an I3D that was trained on Kinetics-400: a state dict or a TorchScript archive, whose code is not run.

    Known are the layouts of pytorch-i3d (``rgb_imagenet.pt``, ``i3d_pretrained_400.pt``) and of kinetics_i3d_pytorch
    (``model_rgb.pth``). Of a TorchScript archive the tensors alone are read, see :mod:`soundini.weights.torchscript`; it
    must have the names of one of these.

    Args:
        path: the file.
        layout: key and shape of every tensor of :class:`soundini.metrics.i3d.I3D`.

    Returns:
        The tensors of ``layout``.

    Raises:
        ModelError: the file cannot be read, or is of another network or layout.
    """
    state: dict[str, Tensor] = {}
    for key, value in strip_prefix(read_checkpoint(path)).items():
        for pattern, name in _RENAMED:
            key = pattern.sub(name, key)
        state[key] = value
    kept = {key: value for key, value in state.items() if not key.endswith(_COUNTER)}
    try:
        check_layout(kept, layout, "I3D, of Kinetics-400")
    except ModelError as error:
        raise ModelError("{file}: {why}", file=path, why=error) from None
    return kept
