"""One training script on one process or many: every process draws the whole batch and works on its part of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather

from soundini.errors import ConfigError


@dataclass(frozen=True)
class Workers:
    """The processes of a training run, as ``torchrun`` starts them.

    The draws of a step depend on (seed, step) alone and are made by every process; each keeps the rows that are its
    own. The same global batch then gives the same losses, however many processes share it.

    Args:
        rank: number of this process.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def join(cls) -> Workers:
        """Join the group that the environment names, with gloo on a CPU and NCCL on a GPU; alone where it names none.

        Each process of a machine takes a GPU of its own: "cuda" means that one from here on.
        """
        if "WORLD_SIZE" not in os.environ:
            return cls()
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process writes checkpoints and logs."""
        return self.rank == 0

    def check(self, batch: int) -> None:
        """Refuse a batch that cannot be shared out evenly.

        Raises:
            ConfigError: it is not a multiple of the number of processes.
        """
        if batch % self.count:
            raise ConfigError(
                "batch={batch} does not divide among {count} processes",
                batch=batch,
                count=self.count,
            )

    def part(self, batch: Tensor) -> Tensor:
        """Return this process's rows of a batch, whose length is a multiple of ``count``."""
        rows = len(batch) // self.count
        return batch[self.rank * rows : (self.rank + 1) * rows]

    def gather(self, part: Tensor) -> Tensor:
        """Put the rows of all processes together, in the order of :meth:`part`; gradients flow back to their process.

        A loss of the whole batch, taken by every process, sends ``count`` times its gradient to each of the rows;
        :meth:`average` then gives the gradient that a single process would have had.

        Shape:
            ``[B / count, ...]`` -> ``[B, ...]``.
        """
        return torch.cat(all_gather(part)) if self.count > 1 else part

    def wait(self) -> None:
        """Wait for the others."""
        if self.count > 1:
            dist.barrier()

    def average(self, module: nn.Module, loss: Tensor) -> float:
        """Average the gradients of all processes, in place, and their losses."""
        loss = loss.detach()
        if self.count > 1:
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            flat = torch.cat([loss.view(1), *(g.flatten() for g in gradients)])
            dist.all_reduce(flat)
            flat /= self.count
            loss, offset = flat[0], 1
            for gradient in gradients:
                gradient.copy_(flat[offset : offset + gradient.numel()].view_as(gradient))
                offset += gradient.numel()
        return float(loss)

    def leave(self) -> None:
        """Leave the group."""
        if self.count > 1:
            dist.destroy_process_group()
