"""``python -m soundini.training``: train the embedded models on a data folder and write them as a pack.

python -m soundini.training joint DATA --run RUN --output PACK
python -m soundini.training prior DATA --run RUN --output PACK
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import tyro
from safetensors.torch import load_file, save_file
from torch import Tensor

from soundini.diffusion.condition import CONDITION_FILE
from soundini.errors import ModelError
from soundini.events import TrainStep
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.packs.pack import embedded_folder, load_pack
from soundini.training.anchors import anchors
from soundini.training.checkpoint import NAME
from soundini.training.conditions import HeardPictures, sound_conditions
from soundini.training.images import LabelledImages
from soundini.training.joint import JointRecipe, JointTowers, train_joint
from soundini.training.prior import PriorRecipe, train_prior
from soundini.training.sounds import sound_features


def train(
    what: Literal["joint", "prior"],
    data: Path,
    /,
    run: Path,
    output: Path,
    start: str = "embedded",
    steps: int | None = None,
) -> None:
    """Train from the weights of a pack, and write the result as a pack.

    Args:
        what: which models.
        data: folder with images.csv and sounds.csv.
        run: folder of the checkpoint; an interrupted run goes on from there.
        output: pack folder to write.
        start: pack to start from.
        steps: optimiser steps, instead of the recipe's own.
    """
    pack = load_pack(start)
    if not isinstance(pack.joint, EmbeddedJointSpace):
        raise ModelError(f"the pack {start} has no embedded joint space; use --start embedded")
    images = LabelledImages(data)
    if what == "joint":
        sounds = sound_features(data, pack.joint)
        towers = JointTowers(pack.joint.image_tower, pack.joint.sound_head)
        recipe = JointRecipe() if steps is None else replace(JointRecipe(), steps=steps)
        _watch(train_joint(towers, pack.denoiser, images, sounds, recipe, run))
        towers.load_state_dict(_average(run))
        fixed = anchors(towers, images, sounds)
        folder = _copy_pack(pack.folder or embedded_folder(), output) / "joint"
        _write(towers.image_tower.state_dict(), folder / "image_tower.safetensors")
        _write(towers.sound_head.state_dict(), folder / "sound_head.safetensors")
        save_file({k: v.contiguous() for k, v in fixed.items()}, folder / "anchors.safetensors")
    else:
        recipe = PriorRecipe() if steps is None else replace(PriorRecipe(), steps=steps)
        heard = sound_conditions(pack.joint, sound_features(data, pack.joint))
        _watch(train_prior(pack.denoiser, HeardPictures(images, heard), recipe, run))
        _write_prior(_average(run), _copy_pack(pack.folder or embedded_folder(), output))
    print(f"wrote {output}")


def _watch(events) -> None:
    """Print a line every fifty steps."""
    losses: list[float] = []
    for event in events:
        if isinstance(event, TrainStep):
            losses.append(event.loss)
            if event.step % 50 == 0:
                print(
                    f"{event.step}/{event.total} loss {sum(losses) / len(losses):.4f}", flush=True
                )
                losses.clear()


def _average(run: Path) -> dict[str, Tensor]:
    state = load_file(run / NAME)
    return {k.removeprefix("ema."): v for k, v in state.items() if k.startswith("ema.")}


def _copy_pack(source: Path, output: Path) -> Path:
    if source.resolve() != output.resolve():
        shutil.copytree(source, output, dirs_exist_ok=True)
    return output


def _write_prior(state: dict[str, Tensor], folder: Path) -> None:
    """A denoiser's state, in two files: the network as diffusers knows it, and what it is told by."""
    parts: dict[str, dict[str, Tensor]] = {"unet": {}, "condition": {}}
    for key, value in state.items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    _write(parts["unet"], folder / "unet" / "diffusion_pytorch_model.safetensors")
    _write(parts["condition"], folder / CONDITION_FILE)


def _write(state: dict[str, Tensor], path: Path) -> None:
    """Half precision on disk."""
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, path)


if __name__ == "__main__":
    sys.exit(tyro.cli(train))
