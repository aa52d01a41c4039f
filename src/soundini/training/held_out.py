"""Held-out composites, on which the prior's loss is measured while it trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.training.composites.crops import CompositeBatch, CompositeCrops

LEVELS = (150, 400, 650, 900)
"""Timesteps at which the loss is measured."""

_EACH = 8
"""Composites of each class."""


@dataclass(frozen=True)
class HeldOutComposites:
    """A fixed set of composites of photographs that no training sees.

    Args:
        batches: some of each class.
        shown: one of each class at the full amount over the whole crop, for pictures.
    """

    batches: dict[str, CompositeBatch]
    shown: CompositeBatch

    @classmethod
    def draw(cls, crops: CompositeCrops, size: int, seed: int = 0) -> HeldOutComposites:
        """Draw them from held-out photographs.

        Args:
            crops: of the held-out side.
            size: side in pixels.
            seed: of the draw.
        """
        effects = list(crops.effects)
        batches = {}
        for number, effect in enumerate(effects):
            rng = np.random.default_rng((seed, number))
            amounts = np.linspace(0.3, 1, _EACH)
            batches[effect] = crops.composites([effect] * _EACH, amounts, size, rng)
        shown = crops.composites(
            effects, np.ones(len(effects)), size, np.random.default_rng((seed, 99)), whole=True
        )
        return cls(batches, shown)

    @torch.no_grad()
    def losses(
        self, denoiser: UNetDenoiser, *, withheld: bool = False
    ) -> dict[str, dict[int, float]]:
        """Mean squared error of v by class and timestep, under the same noise for every denoiser.

        Args:
            denoiser: the prior.
            withheld: show it neither source nor mask.
        """
        found: dict[str, dict[int, float]] = {}
        for effect, batch in self.batches.items():
            x_start, found[effect] = batch.target, {}
            for t in LEVELS:
                eps = torch.randn(x_start.shape, generator=torch.Generator().manual_seed(t))
                x = denoiser.schedule.q_sample(x_start, eps, t)
                abar = denoiser.schedule.abar(t)
                target = abar**0.5 * eps - (1 - abar) ** 0.5 * x_start
                told = batch.condition if denoiser.condition is not None else None
                v = denoiser.output(x, t, told, None if withheld else batch.seen)
                found[effect][t] = float((v - target).square().mean())
        return found
