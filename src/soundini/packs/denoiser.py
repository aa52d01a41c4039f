"""A diffusion prior from its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from soundini.compute import pick_memory_format
from soundini.diffusion.adm import TIMESTEP_KEY, build_unet, load_unet, unet_class
from soundini.diffusion.denoiser import ConditionEmbedding, UNetDenoiser
from soundini.diffusion.schedule import NoiseSchedule
from soundini.errors import ModelError
from soundini.settings_files import read_json

_MOST_LAYERS, _MOST_LEVELS = 32, 16
"""Bounds of a U-Net: ten times the largest known one."""


def load_denoiser(
    folder: Path,
    config: Mapping[str, Any],
    dtype: torch.dtype | None,
    device: torch.device | str = "cpu",
    *,
    half: bool = False,
) -> UNetDenoiser:
    """Load a pixel-space U-Net in diffusers format, ADM's own kind included.

    Args:
        folder: holds ``unet/`` and ``scheduler/``, or ``config.json``, ``scheduler_config.json``
            and the weights; and ``condition.safetensors`` where the network takes an embedding.
        config: what a pack says of it: ``unshuffle``, ``clip_xstart``, ``sees_source``.
        dtype: arithmetic of the network: None for float32, else autocast.
        device: where it runs.
        half: with a ``dtype``, the weights lie in it, and no autocast is needed: half the memory for them, and for what is
            kept for a gradient.

    Raises:
        ModelError: a file is missing, or does not hold what the configuration says.
    """
    layout = pick_memory_format(torch.device(device))
    unet_folder = folder / "unet" if (folder / "unet").is_dir() else folder
    try:
        settings = read_json(unet_folder / "config.json")
        scheduler_file = folder / "scheduler" / "scheduler_config.json"
        if not scheduler_file.exists():
            scheduler_file = folder / "scheduler_config.json"
        scheduler = read_json(scheduler_file)
        unshuffle = int(config.get("unshuffle", 1))
        sees_source = bool(config.get("sees_source", False))
        channels, wanted = settings["in_channels"] // unshuffle**2, 7 if sees_source else 3
        if channels != wanted:
            raise ValueError(
                f"unshuffled by {unshuffle} it takes {channels} channels, not {wanted}"
            )
        _check_settings(settings, unet_folder)
        unet = _load_unet(unet_folder, settings, layout)
        if half and dtype is not None:
            unet, dtype = nn.Module.to(unet, dtype), None
        return UNetDenoiser(
            unet,
            NoiseSchedule.from_diffusers(scheduler),
            prediction_type=scheduler.get("prediction_type", "epsilon"),
            unshuffle=unshuffle,
            stride=unshuffle * 2 ** (len(settings["block_out_channels"]) - 1),
            autocast=dtype,
            clip_xstart=bool(config.get("clip_xstart", scheduler.get("clip_sample", False))),
            num_classes=settings.get("num_class_embeds"),
            condition=ConditionEmbedding.from_folder(folder),
            sees_source=sees_source,
            memory_format=layout,
        ).to(device)
    except Exception as error:
        raise ModelError(
            "cannot load a diffusion model from {folder}: {why}; it must be a folder in diffusers "
            "format with safetensors weights and a scheduler_config.json",
            folder=folder,
            why=_first_line(error),
        ) from error


def _check_settings(settings: Any, folder: Path) -> None:
    """Refuse a configuration whose network is larger than the weights, before it is built.

    Raises:
        ValueError: it does.
    """
    layers = settings.get("layers_per_block", 1)
    if not (isinstance(layers, int) and 0 < layers <= _MOST_LAYERS):
        raise ValueError(f"layers_per_block {layers} is none of 1 to {_MOST_LAYERS}")
    if not 0 < len(settings["block_out_channels"]) <= _MOST_LEVELS:
        raise ValueError(f"block_out_channels has none of 1 to {_MOST_LEVELS} levels")
    with torch.device("meta"):  # takes no memory, whatever the size
        count = sum(p.numel() for p in build_unet(settings).parameters())
    stored = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if count > stored:  # at least one byte for each number
        raise ValueError(
            f"config.json asks for {count} numbers, and the weights have {stored} bytes"
        )


def _load_unet(folder: Path, settings: Mapping[str, Any], layout: torch.memory_format) -> nn.Module:
    try:
        return _out_of_the_file(load_unet(folder).float(), layout)
    except (OSError, RuntimeError):
        if TIMESTEP_KEY in settings:  # diffusers cannot build some ADM U-Nets by itself
            raise
    # several files, or attention layers with the names of early checkpoints
    unet = unet_class().from_pretrained(
        folder, use_safetensors=True, torch_dtype=torch.float32, low_cpu_mem_usage=False
    )
    if not isinstance(unet, unet_class()):
        raise ValueError("it is no UNet2DModel")
    return unet


def _out_of_the_file(unet: nn.Module, layout: torch.memory_format) -> nn.Module:
    """Copy weights that are mapped from a file, tensor by tensor.

    Most are copied anyway when they are laid out for the network; the few that are not would keep the whole file in the
    memory of the process.
    """
    for parameter in unet.parameters():
        mine = layout if parameter.ndim == 4 else torch.contiguous_format
        parameter.data = parameter.detach().clone(memory_format=mine)
    return unet


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
