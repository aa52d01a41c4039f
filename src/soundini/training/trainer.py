"""The step loop that all trainings share: gradients, the optimiser, the running average, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from soundini.errors import ConfigError
from soundini.training.checkpoint import load_checkpoint, save_checkpoint
from soundini.training.distributed import Workers
from soundini.training.ema import EMA
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.recipe import TrainRecipe


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
