"""Training checkpoints: one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from soundini.training.ema import EMA

NAME = "last.safetensors"


def save_checkpoint(
    folder: Path,
    module: nn.Module,
    ema: EMA,
    optimizer: torch.optim.Optimizer,
    step: int,
    recipe: Mapping[str, object],
) -> Path:
    """Write weights, average and optimiser state to ``folder`` by atomic rename; returns the file's path."""
    tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in module.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in ema.shadow.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": torch.as_tensor(v) for k, v in state.items()}
    folder.mkdir(parents=True, exist_ok=True)
    partial, path = folder / f"{NAME}.partial", folder / NAME
    meta = {"step": str(step), "ema_updates": str(ema.updates), "recipe": json.dumps(recipe)}
    save_file({k: v.contiguous() for k, v in tensors.items()}, partial, metadata=meta)
    partial.replace(path)
    return path


def load_checkpoint(
    folder: Path, module: nn.Module, ema: EMA, optimizer: torch.optim.Optimizer
) -> int:
    """Restore everything from the checkpoint in ``folder``, if there is one; returns the steps already done."""
    path = folder / NAME
    if not path.exists():
        return 0
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "ema": {}, "optimizer": {}}
    with safe_open(path, "pt") as file:
        meta = file.metadata()
        for key in file.keys():  # noqa: SIM118 -- safe_open is no mapping
            part, name = key.split(".", 1)
            parts[part][name] = file.get_tensor(key)
    module.load_state_dict(parts["model"])
    for name, value in parts["ema"].items():
        ema.shadow[name].copy_(value)  # in place, so on the module's device
    ema.updates = int(meta["ema_updates"])
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in parts["optimizer"].items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    return int(meta["step"])


def load_average(folder: Path) -> dict[str, Tensor]:
    """Read the running average of the weights out of a run's checkpoint."""
    state = load_file(folder / NAME)
    return {k.removeprefix("ema."): v for k, v in state.items() if k.startswith("ema.")}
