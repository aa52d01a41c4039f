"""``soundini doctor``: what is installed, and how fast this machine is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

if TYPE_CHECKING:
    from soundini.config.recipe import Recipe
    from soundini.packs.pack import ModelPack


@dataclass(frozen=True)
class Doctor:
    """Print versions, devices, weights, codecs, and about how long an edit takes."""

    models: Annotated[
        str, arg(metavar="embedded|paper-256|paper-512|paper-512-uncond|debug|FOLDER")
    ] = "embedded"
    """The model pack to look at and to time."""

    def run(self) -> int:
        """Print everything; each missing part gets its own line."""
        from soundini.editing.request import versions

        print("versions")
        for name, version in versions().items():
            _tell(name, version)
        _compute()
        _codecs()
        pack = _load(self.models)
        _weights(pack)
        _speed(pack)
        return 0


def _tell(name: str, value: object) -> None:
    print(f"  {name:<24} {value}")


def _compute() -> None:
    import torch

    from soundini.compute import pick_device, pick_dtype

    device = pick_device()
    print("compute")
    _tell("device (auto)", device)
    for i in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(i)
        _tell(f"cuda:{i}", f"{found.name}, {found.total_memory / 2**30:.0f} GiB")
    _tell("dtype (auto)", pick_dtype("auto", device) or torch.float32)
    _tell("threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores")
    _tell("cpu capability", torch.backends.cpu.get_cpu_capability())


def _codecs() -> None:
    import av

    print("media")
    for name, version in sorted(av.library_versions.items()):
        _tell(name, ".".join(map(str, version)))
    for name in ("libx264", "aac"):
        try:
            av.Codec(name, "w")
            _tell(f"{name} encoder", "there")
        except ValueError:
            _tell(f"{name} encoder", "MISSING: install PyAV from PyPI (pip install av)")


def _load(models: str) -> ModelPack:
    from soundini.compute import pick_device, pick_dtype
    from soundini.packs.loading import load_pack

    device = pick_device()
    return load_pack(models, device=device, dtype=pick_dtype("auto", device))


def _weights(pack: ModelPack) -> None:
    from soundini.perceptual.factory import load_perceptual

    print(f"weights ({pack.name})")
    files = pack.weight_files()
    for name, path in files.items():
        _tell(name, f"{path.stat().st_size / 2**20:.1f} MiB in {path.parent}")
    if not files:
        _tell("none", "the models are random")
        return
    if pack.sound_encoder:
        _tell("sound encoder (auto)", pack.sound_encoder)
    _tell("flow (auto)", _chosen(pack.flow, "RAFT is used where its weights are"))
    perceptual = load_perceptual("auto", pack.perceptual_folder)
    _tell("perceptual (auto)", _chosen(perceptual, "LPIPS is used where its weights are"))


def _chosen(found: object, otherwise: str) -> str:
    name = type(found).__name__
    return name if name.upper().startswith(otherwise.split()[0]) else f"{name}; {otherwise}"


def _fitting(pack: ModelPack, recipe: Recipe) -> None:
    """The settings that the preset leaves on ``auto``, as they are chosen for a full square."""
    from soundini.editing.fitting import fit_to_device, free_bytes

    side = -(-recipe.region.size // pack.denoiser.stride) * pack.denoiser.stride
    compute = fit_to_device(pack, recipe, (side, side)).compute
    if compute == recipe.compute:
        return
    free = free_bytes(next(pack.denoiser.parameters()).device)
    layout = f"chunk={compute.chunk} checkpoint={compute.checkpoint} offload={compute.offload}"
    _tell("memory", f"{free / 2**30:.1f} GiB free: {layout.lower()}")


def _speed(pack: ModelPack) -> None:
    """Time the denoiser on a small crop; guidance adds about a third on top."""
    from soundini.config.presets import load_preset, preset_of
    from soundini.editing.cost import time_network
    from soundini.editing.methods import evaluations

    step, side = time_network(pack.denoiser)
    preset = preset_of(pack.name)
    recipe = load_preset(preset)
    _fitting(pack, recipe)
    steps = evaluations(recipe, pack)
    window = recipe.window
    passes = 100 * steps * window.frames / (window.frames - window.overlap)
    print("speed")
    _tell("one frame, one step", f"{step:.3f} s at {side}x{side}")
    _tell(f"100 frames, preset {preset}", f"about {passes * step * 1.35 / 60:.1f} min")
