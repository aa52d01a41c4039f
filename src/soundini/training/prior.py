"""Training of the diffusion prior: v-prediction on random crops (Patch Diffusion, arXiv 2304.12526), told of a sound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.condition import ConditionEmbedding
from soundini.diffusion.denoiser import UNetDenoiser
from soundini.events import CheckpointSaved, TrainStep
from soundini.training.checkpoint import load_checkpoint, save_checkpoint
from soundini.training.conditions import HeardPictures
from soundini.training.ema import EMA


@dataclass(frozen=True)
class PriorRecipe:
    """How the prior is trained.

    Args:
        steps: optimiser steps.
        batch: crops a step.
        size: side of a crop in pixels.
        min_crop: smallest crop taken from a picture, pixels.
        lr: peak learning rate of AdamW; warms up over ``warmup`` steps, falls to zero over the last ``decay`` share.
        warmup: steps.
        decay: share of the steps over which the rate falls.
        ema: decay of the running average that is shipped.
        condition_lr: learning rate of what reads the condition, in units of ``lr``.
        snr_gamma: signal-to-noise ratio from which steps count for less.
        seed: where data order and noise come from.
        save_every: steps between checkpoints.
        weights: share of each label.
    """

    steps: int = 6000
    batch: int = 32
    size: int = 64
    min_crop: int = 64
    lr: float = 2e-4
    warmup: int = 100
    decay: float = 0.4
    condition_lr: float = 5.0
    ema: float = 0.999
    snr_gamma: float = 5.0
    seed: int = 0
    save_every: int = 250
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "fire": 0.29,
            "explosion": 0.01,
            "smoke": 0.04,
            "sea": 0.12,
            "waterfall": 0.04,
            "storm": 0.13,
            "rain": 0.07,
            "snow": 0.06,
            "underwater": 0.11,
            "clouds": 0.02,
            "generic": 0.08,
            "forest": 0.03,
        }
    )


def train_prior(
    denoiser: UNetDenoiser, pictures: HeardPictures, recipe: PriorRecipe, folder: Path
) -> Iterator[TrainStep | CheckpointSaved]:
    """Train a denoiser and keep its running average, yielding after every step; resumes from ``folder``.

    The draws of step k depend on (seed, k) alone, so a resumed run sees what an uninterrupted one would have seen.

    Args:
        denoiser: v-prediction denoiser to train, from random or from trained weights; one that takes no condition
            yet learns to.
        pictures: where crops and conditions come from.
        recipe: settings.
        folder: where ``last.safetensors`` is kept.

    Yields:
        :class:`TrainStep` after every step, :class:`CheckpointSaved` after every save.
    """
    if denoiser.condition is None:
        dim = next(iter(pictures.sounds.values())).shape[1]
        denoiser.take_condition(ConditionEmbedding(dim, denoiser.time_dim))
    assert denoiser.condition is not None
    denoiser.train().requires_grad_(True)
    groups = [
        {"params": list(denoiser.unet.parameters()), "rate": recipe.lr},
        {"params": list(denoiser.condition.parameters()), "rate": recipe.lr * recipe.condition_lr},
    ]
    optimizer = torch.optim.AdamW(groups, recipe.lr, betas=(0.9, 0.99), weight_decay=0.01)
    ema = EMA(denoiser, recipe.ema)
    done = load_checkpoint(folder, denoiser, ema, optimizer)
    for step in range(done, recipe.steps):
        rng = np.random.default_rng((recipe.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        x_start, heard = pictures.draw(
            recipe.batch, recipe.size, recipe.weights, rng, min_crop=recipe.min_crop
        )
        loss = denoising_loss(denoiser, x_start, heard, generator, recipe.snr_gamma)
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * _lr_factor(step, recipe)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 1.0)
        optimizer.step()
        ema.update(denoiser)
        yield TrainStep(step + 1, recipe.steps, float(loss.detach()), {"grad_norm": float(norm)})
        if (step + 1) % recipe.save_every == 0 or step + 1 == recipe.steps:
            path = save_checkpoint(folder, denoiser, ema, optimizer, step + 1, asdict(recipe))
            yield CheckpointSaved(step + 1, path)


def denoising_loss(
    denoiser: UNetDenoiser,
    x_start: Tensor,
    heard: Tensor | None,
    generator: torch.Generator,
    snr_gamma: float,
) -> Tensor:
    """Weighted mean squared error of v at random timesteps, one timestep for each crop.

    Weight: gamma / (snr + gamma). Where there is little noise it is that of min-SNR (arXiv 2303.09556); where there is much,
    min-SNR's falls to nothing for v, and that is where a network decides what the picture is of: this one stays at 1.

    Shape:
        ``x_start``: ``[B, 3, H, W]``; ``heard``: ``[B, D]``; returns a scalar.
    """
    schedule = denoiser.schedule
    batch = len(x_start)
    # Stratified over the schedule: less noise in the loss than independent draws.
    u = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
    t = (u * schedule.num_timesteps).long().clamp(max=schedule.num_timesteps - 1)
    eps = torch.randn(x_start.shape, generator=generator)
    abar = schedule.alphas_cumprod[t].float().view(-1, 1, 1, 1)
    x = abar.sqrt() * x_start + (1 - abar).sqrt() * eps
    target = abar.sqrt() * eps - (1 - abar).sqrt() * x_start
    v = denoiser.output(x, t, heard)
    snr = abar / (1 - abar)
    weight = snr_gamma / (snr + snr_gamma)
    return (weight * (v - target).square()).mean()


def _lr_factor(step: int, recipe: PriorRecipe) -> float:
    falling = recipe.steps * recipe.decay
    tail = (recipe.steps - step) / falling if falling > 0 else 1.0
    return min(1.0, (step + 1) / recipe.warmup) * 0.5 * (1 - math.cos(math.pi * min(1.0, tail)))
