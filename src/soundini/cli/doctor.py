"""``soundini doctor``: what is there, and how fast it is."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

_SIDE = 96
_FRAMES = 4


@dataclass(frozen=True)
class Doctor:
    """Tell versions, devices, weights, codecs, and about how long an edit takes."""

    models: Annotated[str, arg(metavar="embedded|debug|FOLDER")] = "embedded"
    """The model pack to look at and to time."""

    def run(self) -> int:
        """Print it all; what is missing is said on its own line."""
        from soundini.editing.request import versions

        print("versions")
        for name, version in versions().items():
            _tell(name, version)
        _compute()
        _codecs()
        _weights(self.models)
        _speed(self.models)
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


def _weights(models: str) -> None:
    from soundini.packs.pack import find_pack, load_flow
    from soundini.perceptual.factory import load_perceptual

    print(f"weights ({models})")
    if models == "debug":
        _tell("none", "debug is random")
        return
    folder = find_pack(models)
    _tell("folder", folder)
    for path in sorted(folder.rglob("*.safetensors")):
        _tell(str(path.relative_to(folder)), f"{path.stat().st_size / 2**20:.1f} MiB")
    flow, perceptual = load_flow("auto", folder, "cpu"), load_perceptual("auto", folder)
    _tell("flow (auto)", _chosen(flow, "RAFT is used where its weights lie in the pack"))
    _tell(
        "perceptual (auto)", _chosen(perceptual, "LPIPS is used where its weights lie in the pack")
    )


def _chosen(found: object, otherwise: str) -> str:
    name = type(found).__name__
    return name if name.upper().startswith(otherwise.split()[0]) else f"{name}; {otherwise}"


def _speed(models: str) -> None:
    """Time the denoiser on a small crop; guidance adds about a third on top."""
    import torch

    from soundini.compute import pick_device, pick_dtype
    from soundini.config.presets import load_preset
    from soundini.editing.window import sampling_plan
    from soundini.packs.pack import load_pack

    device = pick_device()
    denoiser = load_pack(models, device=device, dtype=pick_dtype("auto", device)).denoiser
    x = torch.zeros(_FRAMES, 3, _SIDE, _SIDE, device=device)
    spent = []
    with torch.no_grad():
        for _ in range(3):
            began = time.perf_counter()
            float(denoiser.output(x, 500).sum())  # reading it waits for the device
            spent.append(time.perf_counter() - began)
    step = min(spent) / _FRAMES
    recipe = load_preset("fast")
    steps = len(sampling_plan(recipe, denoiser.schedule.num_timesteps))
    window = recipe.window
    passes = 100 * steps * window.frames / (window.frames - window.overlap)
    print("speed")
    _tell("one frame, one step", f"{step:.3f} s at {_SIDE}x{_SIDE}")
    _tell("100 frames, preset fast", f"about {passes * step * 1.35 / 60:.1f} min")
