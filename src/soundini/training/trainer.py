"""What every step of an embedded model's training ends in: gradients, the optimiser, the running average, checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from soundini.events import CheckpointSaved, TrainStep
from soundini.training.checkpoint import load_checkpoint, save_checkpoint
from soundini.training.distributed import Workers
from soundini.training.ema import EMA
from soundini.training.recipe import TrainRecipe


class Trainer:
    """AdamW with a running average, kept in a run's folder.

    Args:
        module: what is trained, in place.
        rates: parts of it and the peak learning rate of each.
        recipe: ``ema``, ``save_every``, and what a checkpoint says of itself.
        folder: where ``last.safetensors`` is kept; a run that lies there goes on.
        total: steps in all.
        workers: the processes that share the work.
        beta2: decay of AdamW's second moment.
        weight_decay: of AdamW.

    Attributes:
        ema: the running average.
        done: steps that were done already.
    """

    def __init__(
        self,
        module: nn.Module,
        rates: Iterable[tuple[nn.Module, float]],
        recipe: TrainRecipe,
        folder: Path,
        total: int,
        workers: Workers,
        *,
        beta2: float = 0.999,
        weight_decay: float = 0.05,
    ) -> None:
        self.module, self.recipe, self.folder = module, recipe, folder
        self.total, self.workers = total, workers
        groups = [{"params": list(part.parameters()), "rate": rate} for part, rate in rates]
        self._optimizer = torch.optim.AdamW(
            groups, recipe.lr, betas=(0.9, beta2), weight_decay=weight_decay
        )
        self.ema = EMA(module, recipe.ema)
        self.done = load_checkpoint(folder, module, self.ema, self._optimizer)

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
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        mean = self.workers.average(self.module, loss)
        norm = torch.nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self._optimizer.step()
        self.ema.update(self.module)
        told = {name: float(value.detach()) for name, value in (figures or {}).items()}
        yield TrainStep(step + 1, self.total, mean, {**told, "grad_norm": float(norm)})
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
