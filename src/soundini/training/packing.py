"""Trained weights as a model pack: the running averages of a run, in half precision."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from soundini.diffusion.condition import CONDITION_FILE
from soundini.packs.pack import ModelPack, embedded_folder
from soundini.training.anchors import anchors
from soundini.training.checkpoint import load_average
from soundini.training.images import LabelledImages
from soundini.training.joint import JointTowers
from soundini.training.sounds import SoundFeatures

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
    run: Path,
    start: ModelPack,
    towers: JointTowers,
    images: LabelledImages,
    sounds: SoundFeatures,
    output: Path,
) -> None:
    """Write the joint space of a run, with anchors measured anew, into a copy of the pack it started from."""
    towers.load_state_dict(load_average(run))
    fixed = anchors(towers, images, sounds)
    folder = _copy_pack(start, output) / "joint"
    _write(towers.image_tower.state_dict(), folder / "image_tower.safetensors")
    _write(towers.sound_head.state_dict(), folder / "sound_head.safetensors")
    save_file({k: v.contiguous() for k, v in fixed.items()}, folder / "anchors.safetensors")


def _copy_pack(start: ModelPack, output: Path) -> Path:
    source = start.folder or embedded_folder()
    if source.resolve() != output.resolve():
        shutil.copytree(source, output, dirs_exist_ok=True)
    return output


def _write(state: dict[str, Tensor], path: Path) -> None:
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, path)
