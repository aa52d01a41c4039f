"""The published sound encoders: their layouts, and their names in terms of ours."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from soundini.weights.reading import Layout, Shape, check_layout, layout_of, strip_prefix

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


def resnet_layout() -> Layout:
    """List the weights of the ResNet-18 sound encoder; takes no memory."""
    from soundini.joint.resnet import ResNetSoundEncoder

    with torch.device("meta"):
        return layout_of(ResNetSoundEncoder().state_dict())


# (in the published file, in ours)
_VIPANT_PREFIXES = (
    ("pre_encoder.conv1.", "conv1."),
    ("pre_encoder.ln.", "ln_pre."),
    ("misc.", ""),
    ("encoder.resblocks.", "transformer.resblocks."),
    ("post_encoder.ln.", "ln_post."),
    ("post_encoder.proj", "proj"),
)
_VIPANT_KERNEL = "pre_encoder.conv1.weight"


def vipant_to_ours(state: Mapping[str, Tensor], layout: Layout | None = None) -> dict[str, Tensor]:
    """Rename VIP-ANT's audio tower; its first kernel, which is applied by its mean over three channels, becomes that mean.

    Args:
        state: the state dict of the audio tower.
        layout: see :func:`vipant_layout`; None for the published one.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    weights = strip_prefix(state)
    check_layout(weights, layout or vipant_layout(), "VIP-ANT's audio tower")
    kernel = weights[_VIPANT_KERNEL].float().mean(dim=1, keepdim=True)
    return {
        _replaced(k, _VIPANT_PREFIXES): v for k, v in (weights | {_VIPANT_KERNEL: kernel}).items()
    }


def vipant_layout(width: int = 768, layers: int = 12) -> Layout:
    """List the weights of VIP-ANT's audio tower under their published names; takes no memory.

    Args:
        width: channels of the transformer.
        layers: its blocks.
    """
    from soundini.joint.vipant import VipAntSoundEncoder

    with torch.device("meta"):
        state = VipAntSoundEncoder(width, layers).state_dict()
    back = tuple((ours, theirs) for theirs, ours in _VIPANT_PREFIXES if ours)
    layout = {
        _replaced(f"misc.{key}" if "." not in key and key != "proj" else key, back): shape
        for key, shape in layout_of(state).items()
    }
    width, _, *sides = layout[_VIPANT_KERNEL]
    return layout | {_VIPANT_KERNEL: (width, 3, *sides)}


_WAV2CLIP_PREFIXES = (("audio_transform.sequential.", "audio_transform."),)
_WAV2CLIP_PARTS = ("audio_encoder.", "audio_transform.")
_WAV2CLIP_WINDOW = "audio_encoder.spectrogram.window"


def wav2clip_to_ours(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Keep Wav2CLIP's sound encoder, without the window of its spectrogram, which is Hann's.

    Raises:
        ModelError: keys are missing, unknown, or of another shape.
    """
    weights = {
        key: value
        for key, value in strip_prefix(state).items()
        if key.startswith(_WAV2CLIP_PARTS) and key != _WAV2CLIP_WINDOW
    }
    expected = {key: shape for key, shape in wav2clip_layout().items() if key != _WAV2CLIP_WINDOW}
    check_layout(weights, expected, "Wav2CLIP's sound encoder")
    return {_replaced(key, _WAV2CLIP_PREFIXES): value for key, value in weights.items()}


def wav2clip_layout() -> Layout:
    """List the weights of Wav2CLIP's sound encoder, as published; takes no memory."""
    from soundini.joint.resnet import N_FFT, Wav2ClipSoundEncoder

    with torch.device("meta"):
        state = Wav2ClipSoundEncoder().state_dict()
    back = tuple((ours, theirs) for theirs, ours in _WAV2CLIP_PREFIXES)
    layout = {_replaced(key, back): shape for key, shape in layout_of(state).items()}
    return {_WAV2CLIP_WINDOW: (N_FFT,)} | layout


def _replaced(key: str, prefixes: tuple[tuple[str, str], ...]) -> str:
    for before, after in prefixes:
        if key.startswith(before):
            return after + key.removeprefix(before)
    return key


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
