"""Trained weights as a model pack: the running averages of a run, in half precision."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from soundini.diffusion.condition import CONDITION_FILE
from soundini.joint.embedded import ANCHORS_FILE, PROTOTYPE
from soundini.packs.pack import ModelPack, embedded_folder
from soundini.training.checkpoint import load_average

UNET_FILE = "unet/diffusion_pytorch_model.safetensors"


def write_prior(run: Path, start: ModelPack, output: Path) -> None:
    """Write the prior of a run into a copy of the pack it started from.

    The network goes as diffusers knows it, what it is told by in a file beside it.
    """
    parts: dict[str, dict[str, Tensor]] = {"unet": {}, "condition": {}}
    for key, value in load_average(run).items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    folder = _copy_pack(start, output)
    _write(parts["unet"], folder / UNET_FILE)
    _write(parts["condition"], folder / CONDITION_FILE)


def write_joint(
    sound_run: Path | None,
    image_run: Path | None,
    directions: Mapping[str, Tensor],
    start: ModelPack,
    output: Path,
) -> None:
    """Write the towers of a sound and an image run into a copy of the pack they started from; without a run, its own stay."""
    folder = _copy_pack(start, output) / "joint"
    if sound_run is not None:
        sound = load_average(sound_run)
        for part in ("network", "head"):
            mine = {k.split(".", 1)[1]: v for k, v in sound.items() if k.startswith(f"{part}.")}
            _write(mine, folder / f"sound_{part}.safetensors")
    if image_run is not None:
        _write(load_average(image_run), folder / "image_tower.safetensors")
    dim = len(next(iter(directions.values())))
    anchors = {f"neutral_{side}": torch.zeros(dim) for side in ("image", "sound")}
    anchors |= {f"{PROTOTYPE}{name}": vector for name, vector in directions.items()}
    save_file(anchors, folder / ANCHORS_FILE)


def _copy_pack(start: ModelPack, output: Path) -> Path:
    source = start.folder or embedded_folder()
    if source.resolve() != output.resolve():
        shutil.copytree(source, output, dirs_exist_ok=True)
    return output


def _write(state: dict[str, Tensor], path: Path) -> None:
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, path)
