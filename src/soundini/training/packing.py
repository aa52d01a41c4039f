"""Writes trained weights as a model pack: the running averages of a run, in half precision."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from soundini.baselines.vqgan.config import VQGANConfig
from soundini.baselines.vqgan.loading import CONFIG_FILE, WEIGHTS_FILE, config_text
from soundini.diffusion.denoiser import CONDITION_FILE
from soundini.joint.embedded import PROTOTYPES_FILE, EmbeddedJointSpace
from soundini.media.output import PartialFile, write_whole
from soundini.packs.loading import PACK_FILE
from soundini.packs.pack import ModelPack, embedded_folder
from soundini.settings_files import read_json
from soundini.training.trainer import load_average

UNET_FILE = "unet/diffusion_pytorch_model.safetensors"
UNET_CONFIG_FILE = "unet/config.json"


def write_prior(run: Path, start: ModelPack, output: Path) -> None:
    """Write the prior of a run into a copy of the pack it started from.

    The network is written in diffusers format, the condition's embedding in a file beside it. ``pack.json`` says whether
    the network sees the source.
    """
    parts: dict[str, dict[str, Tensor]] = {"unet": {}, "condition": {}}
    for key, value in load_average(run).items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    folder = _copy_pack(start, output)
    _write(parts["unet"], folder / UNET_FILE)
    _write(parts["condition"], folder / CONDITION_FILE)
    channels = parts["unet"]["conv_in.weight"].shape[1]
    _change_json(folder / UNET_CONFIG_FILE, {"in_channels": channels})
    _change_json(folder / PACK_FILE, {"sees_source": start.denoiser.sees_source})


def write_joint(joint: EmbeddedJointSpace, start: ModelPack, output: Path) -> None:
    """Write a joint space into a copy of the pack it started from."""
    folder = _copy_pack(start, output) / "joint"
    for name in ("sound_network", "sound_head", "image_tower"):
        _write(joint.get_submodule(name).state_dict(), folder / f"{name}.safetensors")
    save_file(joint.prototypes, folder / PROTOTYPES_FILE)


def write_vqgan(run: Path, config: VQGANConfig, folder: Path) -> None:
    """Write the VQGAN of a run, without the discriminator it was trained against."""
    prefix = "vqgan."
    state = {
        k.removeprefix(prefix): v for k, v in load_average(run).items() if k.startswith(prefix)
    }
    folder.mkdir(parents=True, exist_ok=True)
    with PartialFile(folder / WEIGHTS_FILE) as file:
        _write(state, file.partial)
        file.commit()
    write_whole(folder / CONFIG_FILE, config_text(config))


def _copy_pack(start: ModelPack, output: Path) -> Path:
    source = start.folder or embedded_folder()
    if source.resolve() != output.resolve():
        shutil.copytree(source, output, dirs_exist_ok=True)
    return output


def _change_json(path: Path, changed: Mapping[str, object]) -> None:
    settings = read_json(path) if path.exists() else {}
    path.write_text(json.dumps({**settings, **changed}, indent=1) + "\n")


def _write(state: dict[str, Tensor], path: Path) -> None:
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}
    save_file(half, path)
