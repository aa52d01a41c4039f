"""The step loop that all trainings share: gradients, the optimiser, the running average, checkpoints."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from soundini.errors import ConfigError
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.recipe import TrainRecipe

NAME = "last.safetensors"


def adamw(
    rates: Iterable[tuple[nn.Module, float]], *, beta2: float = 0.999, weight_decay: float = 0.05
) -> torch.optim.Optimizer:
    """AdamW, with a peak learning rate for each part of a network."""
    groups = [{"params": list(part.parameters()), "lr": rate} for part, rate in rates]
    return torch.optim.AdamW(groups, betas=(0.9, beta2), weight_decay=weight_decay)


class Trainer:
    """An optimiser and a running average, kept in a run's folder.

    Args:
        module: what is trained, in place.
        optimizer: of its parameters, at their peak learning rates.
        recipe: ``ema``, ``save_every``, and what a checkpoint says of itself.
        folder: where ``last.safetensors`` is kept; a run that is there is resumed.
        total: steps in all.
        workers: the processes that share the work.
        max_norm: longest gradient, which longer ones are clipped to; None clips nothing.
        after_step: called after every step of the optimiser, such as to keep a weight within its bounds.

    Attributes:
        ema: the running average.
        done: steps that were done already.

    Raises:
        ConfigError: ``folder`` holds a run of another network.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        recipe: TrainRecipe,
        folder: Path,
        total: int,
        workers: Workers,
        *,
        max_norm: float | None = 1.0,
        after_step: Callable[[], None] | None = None,
    ) -> None:
        self.module, self.recipe, self.folder = module, recipe, folder
        self.total, self.workers = total, workers
        self._optimizer, self._max_norm, self._after_step = optimizer, max_norm, after_step
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self.ema = EMA(module, recipe.ema)
        try:
            self.done = load_checkpoint(folder, module, self.ema, optimizer)
        except (KeyError, RuntimeError, ValueError):
            raise ConfigError(
                "{folder} holds a run of another network; name another folder", folder=folder
            ) from None

    def learn(
        self, step: int, loss: Tensor, factor: float, figures: Mapping[str, Tensor] | None = None
    ) -> Iterator[TrainStep | CheckpointSaved]:
        """Learn from the loss of a step, and save where that is due.

        Args:
            step: number of the step, from 0.
            loss: of this process's part, or of the whole batch; a scalar.
            factor: on the peak learning rates.
            figures: what else is worth logging.

        Yields:
            :class:`TrainStep`, and :class:`CheckpointSaved` after every ``save_every`` steps and the last.
        """
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        mean = self.workers.average(self.module, loss)
        logged = {name: float(value.detach()) for name, value in (figures or {}).items()}
        if self._max_norm is not None:
            parameters = self.module.parameters()
            norm = torch.nn.utils.clip_grad_norm_(parameters, self._max_norm)
            logged["grad_norm"] = float(norm)
        self._optimizer.step()
        if self._after_step is not None:
            self._after_step()
        self.ema.update(self.module)
        yield TrainStep(step + 1, self.total, mean, logged)
        due = (step + 1) % self.recipe.save_every == 0 or step + 1 == self.total
        if self.workers.first and due:
            path = save_checkpoint(
                self.folder,
                self.module,
                self.ema,
                self._optimizer,
                step + 1,
                self.recipe.model_dump(),
            )
            yield CheckpointSaved(step + 1, path)


class EMA:
    """Exponential moving average of a module's parameters, with the usual warm-up of its decay.

    Args:
        module: whose parameters are averaged.
        decay: weight of the past, 0 to 1.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.shadow: dict[str, Tensor] = {
            k: v.detach().clone() for k, v in module.state_dict().items()
        }

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                self.shadow[key].lerp_(value, 1 - decay)
            else:
                self.shadow[key].copy_(value)


def lr_factor(step: int, steps: int, *, warmup: int, decay: float) -> float:
    """Factor on the peak learning rate: a linear rise, a plateau, and half a cosine down to zero.

    Args:
        step: optimiser steps done, 0 to ``steps - 1``.
        steps: in all.
        warmup: steps of the rise, at least 1.
        decay: share of the steps, at the end, over which it falls, 0 to 1.
    """
    falling = steps * decay
    tail = (steps - step) / falling if falling > 0 else 1.0
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 - math.cos(math.pi * min(1.0, tail)))


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
