"""The U-Net of guided-diffusion (ADM), as a diffusers ``UNet2DModel``; see docs/adr/0001."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from diffusers import UNet2DModel

_UNET = "diffusers.models.unets.unet_2d"
_PACKAGES = ("diffusers.models.transformers", "diffusers.models.unets")
"""Their ``__init__`` import every network that diffusers has, and scipy and torchvision with them."""
_OPTIONAL = "torch._dynamo"
"""Only for ``torch.compile``, where it is imported anyway; diffusers goes without it where it is missing."""
_one_at_a_time = threading.Lock()
WEIGHTS_FILE = "diffusion_pytorch_model.safetensors"
TIMESTEP_KEY = "timestep_channels"


def unet_class() -> type[UNet2DModel]:
    """The class ``diffusers.UNet2DModel``, imported in one second of processor time instead of six.

    It is the same class that ``from diffusers import UNet2DModel`` gives, before and after. Where diffusers' files
    lie otherwise than expected, that import is done.
    """
    with _one_at_a_time:
        if _UNET not in sys.modules:
            with suppress(ImportError):
                _import_unet()
    from diffusers import UNet2DModel

    return UNet2DModel


def _import_unet() -> None:
    with _hidden(_OPTIONAL):
        models = importlib.import_module("diffusers.models")
        with _empty_packages(Path(models.__path__[0])):
            importlib.import_module(_UNET)


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """A module that is not imported yet cannot be, inside the block."""
    hidden = name not in sys.modules
    if hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            sys.modules.pop(name, None)


@contextmanager
def _empty_packages(models: Path) -> Iterator[None]:
    """Modules can be imported from diffusers' packages without what the packages import themselves."""
    absent = [name for name in _PACKAGES if name not in sys.modules]
    for name in absent:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(models / name.rpartition(".")[2])]
        sys.modules[name] = module_from_spec(spec)
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


@dataclass(frozen=True)
class AdmConfig:
    """Shape of an ADM U-Net (arXiv 2105.05233) with residual resampling and scale-shift norm.

    Args:
        widths: channels of each level, the finest first; multiples of 32.
        attention_levels: indices of the levels with self-attention.
        model_channels: length of the sinusoidal timestep embedding; in the 512 px model it is
            twice the first width.
        num_res_blocks: residual blocks a level on the way down; one more on the way up.
        num_head_channels: channels of an attention head.
        num_classes: rows of the class embedding, or None for an unconditional model.
        in_channels: channels of the noisy image.
        out_channels: 3, or 6 with a learned-range variance.
        sample_size: side in pixels it was trained at; does not change the network.
    """

    widths: tuple[int, ...]
    attention_levels: tuple[int, ...]
    model_channels: int
    num_res_blocks: int = 2
    num_head_channels: int = 64
    num_classes: int | None = None
    in_channels: int = 3
    out_channels: int = 6
    sample_size: int | None = None

    def settings(self) -> dict[str, Any]:
        """Arguments of ``UNet2DModel``, plus ``timestep_channels``; JSON-ready."""
        attended = [level in self.attention_levels for level in range(len(self.widths))]
        settings = asdict(self)
        return {
            "sample_size": settings["sample_size"],
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "block_out_channels": list(self.widths),
            "layers_per_block": self.num_res_blocks,
            "down_block_types": [
                "AttnDownBlock2D" if a else "ResnetDownsampleBlock2D" for a in attended
            ],
            "up_block_types": [
                "AttnUpBlock2D" if a else "ResnetUpsampleBlock2D" for a in reversed(attended)
            ],
            "downsample_type": "resnet",
            "upsample_type": "resnet",
            "resnet_time_scale_shift": "scale_shift",
            "attention_head_dim": self.num_head_channels,
            # without it the middle block of a scale-shift network attends without a norm
            "attn_norm_num_groups": 32,
            "norm_num_groups": 32,
            "norm_eps": 1e-5,
            "flip_sin_to_cos": True,
            "freq_shift": 0,
            "time_embedding_dim": 4 * self.model_channels,
            "num_class_embeds": self.num_classes,
            TIMESTEP_KEY: self.model_channels,
        }


GUIDED_256_UNCOND = AdmConfig(
    (256, 256, 512, 512, 1024, 1024), (3, 4, 5), model_channels=256, sample_size=256
)
GUIDED_512_COND = AdmConfig(
    (128, 256, 256, 512, 512, 1024, 1024),
    (4, 5, 6),
    model_channels=256,
    num_classes=1000,
    sample_size=512,
)
GUIDED_512_UNCOND = replace(GUIDED_512_COND, num_classes=None)


def build_unet(settings: dict[str, Any]) -> UNet2DModel:
    """Build a ``UNet2DModel`` whose timestep embedding may be longer than its first width.

    Keys that begin with ``_`` are left out, so that a ``config.json`` can be given as it is.

    Args:
        settings: arguments of ``UNet2DModel``, and optionally ``timestep_channels``.
    """
    arguments = {k: v for k, v in settings.items() if not k.startswith("_")}
    channels = arguments.pop(TIMESTEP_KEY, None)
    unet = unet_class()(**arguments)
    first = arguments["block_out_channels"][0]
    if channels is not None and channels != first:
        from diffusers.models.embeddings import TimestepEmbedding, Timesteps

        unet.time_proj = Timesteps(channels, flip_sin_to_cos=True, downscale_freq_shift=0)
        unet.time_embedding = TimestepEmbedding(channels, arguments["time_embedding_dim"])
    return unet


def load_unet(folder: Path) -> UNet2DModel:
    """Load a frozen U-Net from its folder.

    Reads what ``UNet2DModel.save_pretrained`` writes in one file, and a converted ADM checkpoint.
    Weights are mapped, not copied: a model of 2.2 GB takes 2.2 GB.

    Args:
        folder: where ``config.json`` and ``diffusion_pytorch_model.safetensors`` lie.

    Raises:
        OSError: a file is missing.
        RuntimeError: the weights do not fit the configuration.
    """
    from safetensors.torch import load_file

    settings = json.loads((folder / "config.json").read_text())
    # on meta, construction takes no memory and draws nothing from the global random state
    with torch.device("meta"):
        unet = build_unet(settings)
    unet.load_state_dict(load_file(folder / WEIGHTS_FILE), assign=True)
    return unet.eval().requires_grad_(False)
