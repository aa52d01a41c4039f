"""Training of the diffusion prior: v-prediction on random crops (Patch Diffusion, arXiv 2304.12526) with composed effects."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.denoiser import ConditionEmbedding, UNetDenoiser
from soundini.diffusion.sampling import sample
from soundini.diffusion.schedule import NoiseSchedule, plan_transitions, respace
from soundini.training.composites.crops import CompositeBatch, CompositeCrops
from soundini.training.composites.feed import BatchFeed
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, HeldOutMeasured, SamplesReady, TrainStep
from soundini.training.recipe import PriorRecipe
from soundini.training.trainer import Trainer, adamw, lr_factor

SAMPLED_STEPS = 8

_CHANGED = 0.12
"""A pixel counts as part of the effect if its channels change by this much on average, on [-1, 1]."""
LEVELS = (150, 400, 650, 900)
"""Timesteps at which the loss is measured."""

_EACH = 8
"""Composites of each class."""


def train_prior(
    denoiser: UNetDenoiser,
    crops: CompositeCrops,
    held_out: HeldOutComposites | None,
    recipe: PriorRecipe,
    folder: Path,
    workers: Workers = Workers(),  # noqa: B008 -- frozen
) -> Iterator[TrainStep | CheckpointSaved | HeldOutMeasured | SamplesReady]:
    """Train a denoiser and keep its running average, yielding after every step; resumes from ``folder``.

    The draws of step k depend on (seed, k) alone, so a resumed run sees the same crops as an uninterrupted one.

    Args:
        denoiser: v-prediction denoiser to train, from random or from trained weights; a condition and the source are added
            as inputs if it lacks them.
        crops: where crops come from.
        held_out: composites that the loss is measured on with every save, or None.
        recipe: settings.
        folder: where ``last.safetensors`` is kept.
        workers: the processes that share the work.

    Yields:
        :class:`TrainStep` after every step; :class:`CheckpointSaved`, :class:`HeldOutMeasured` and
        :class:`SamplesReady` with every save.
    """
    if denoiser.condition is None:
        dim = len(next(iter(crops.directions.values())))
        denoiser.take_condition(ConditionEmbedding(dim, denoiser.time_dim))
    assert denoiser.condition is not None
    denoiser.see_source()
    denoiser.train().requires_grad_(True)
    average = copy.deepcopy(denoiser).eval().requires_grad_(False)
    rates = [(denoiser.unet, recipe.lr), (denoiser.condition, recipe.lr * recipe.condition_lr)]
    optimizer = adamw(rates, beta2=0.99, weight_decay=0.01)
    trainer = Trainer(denoiser, optimizer, recipe, folder, recipe.steps, workers)
    average.load_state_dict(trainer.ema.shadow, assign=True)  # and so follows it
    with BatchFeed(crops, recipe, trainer.done, workers.count) as feed:
        for step, batch in feed:
            generator = torch.Generator().manual_seed(
                int(np.random.default_rng((recipe.seed, step, 1)).integers(2**62))
            )
            t, eps = draw_noise(denoiser.schedule, batch.target, generator, recipe.noisy)
            drawn = (batch.target, batch.seen, batch.condition, t, eps)
            parts = [workers.part(tensor) for tensor in drawn]
            loss = denoising_loss(
                denoiser, *parts, snr_gamma=recipe.snr_gamma, effect_weight=recipe.effect_weight
            )
            factor = lr_factor(step, recipe.steps, warmup=recipe.warmup, decay=recipe.decay)
            for event in trainer.learn(step, loss, factor):
                yield event
                if isinstance(event, CheckpointSaved) and held_out is not None:
                    yield HeldOutMeasured(step + 1, held_out.losses(average))
                    yield SamplesReady(step + 1, _samples(average, held_out.shown, recipe.seed))


def draw_noise(
    schedule: NoiseSchedule, x_start: Tensor, generator: torch.Generator, noisy: float = 0.0
) -> tuple[Tensor, Tensor]:
    """A timestep and a noise picture for each crop: ``[B]`` and ``[B, 3, H, W]``.

    Timesteps are stratified over the schedule: less noise in the loss than independent draws. Their density is that of
    t ** ``noisy``.
    """
    batch = len(x_start)
    u = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
    u = u ** (1 / (1 + noisy))
    t = (u * schedule.num_timesteps).long().clamp(max=schedule.num_timesteps - 1)
    return t, torch.randn(x_start.shape, generator=generator)


def denoising_loss(
    denoiser: UNetDenoiser,
    x_start: Tensor,
    seen: Tensor,
    condition: Tensor,
    t: Tensor,
    eps: Tensor,
    *,
    snr_gamma: float,
    effect_weight: float = 1.0,
) -> Tensor:
    """Weighted mean squared error of v.

    Weight of a timestep: gamma / (snr + gamma). At little noise it equals min-SNR's weight (arXiv 2303.09556). At much noise,
    where a network decides what the picture shows, min-SNR's weight for v falls to 0; this one stays at 1.

    Weight of a pixel: ``effect_weight`` where the target differs from the source, else 1; their mean over a crop is 1.
    Copying the source is learned fast; the effect takes long.

    Args:
        denoiser: v-prediction denoiser that learns.
        x_start: clean crops.
        seen: source and mask.
        condition: embeddings; zeros is the empty one.
        t: timesteps.
        eps: noise.
        snr_gamma: gamma above.
        effect_weight: at least 1.

    Shape:
        ``x_start``, ``eps``: ``[B, 3, H, W]``; ``seen``: ``[B, 4, H, W]``; ``condition``: ``[B, D]``; ``t``: ``[B]``;
        returns a scalar.
    """
    abar = denoiser.schedule.alphas_cumprod[t].float().view(-1, 1, 1, 1)
    x = abar.sqrt() * x_start + (1 - abar).sqrt() * eps
    target = abar.sqrt() * eps - (1 - abar).sqrt() * x_start
    v = denoiser.output(x, t, condition, seen)
    snr = abar / (1 - abar)
    weight = snr_gamma / (snr + snr_gamma)
    changed = (x_start - seen[:, :3]).abs().mean(1, keepdim=True) > _CHANGED
    pixels = 1 + (effect_weight - 1) * changed.float()
    pixels = pixels / pixels.mean((1, 2, 3), keepdim=True)
    return (weight * pixels * (v - target).square()).mean()


@torch.no_grad()
def draw_samples(
    denoiser: UNetDenoiser,
    noise: Tensor,
    condition: Tensor | None,
    seen: Tensor | None = None,
    *,
    start: int | None = None,
    steps: int = SAMPLED_STEPS,
) -> Tensor:
    """Draw pictures with a prior by DDIM, from pure noise or from noisy pictures.

    Args:
        denoiser: the prior.
        noise: pure noise, or noisy pictures.
        condition: embeddings of sounds, or None.
        seen: source and mask, or None where the prior does not see them.
        start: timestep of ``noise``; None for pure noise.
        steps: evaluations of the network.

    Shape:
        ``noise``: ``[B, 3, H, W]``; ``condition``: ``[B, D]``; ``seen``: ``[B, 4, H, W]``; returns ``[B, 3, H, W]`` in [-1, 1].
    """
    last = denoiser.schedule.num_timesteps - 2 if start is None else start
    plan = plan_transitions(respace(last + 1, steps))
    drawn = noise
    for step in sample(
        lambda x, t: denoiser.interpret(x, t, denoiser.output(x, t, condition, seen)),
        denoiser.schedule,
        plan,
        noise,
        noise=lambda _: noise,
        method="ddim",
    ):
        drawn = step.x
    return drawn.clamp(-1, 1)


@torch.no_grad()
def _samples(average: UNetDenoiser, shown: CompositeBatch, seed: int) -> dict[str, np.ndarray]:
    """A held-out crop for each class: the source, the running average's picture, and the composite, one below the other."""
    noise = torch.randn(shown.target.shape, generator=torch.Generator().manual_seed(seed))
    drawn = draw_samples(average, noise, shown.condition, shown.seen)
    column = torch.cat([shown.seen[:, :3], drawn, shown.target], 2)
    pixels = ((column + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    return dict(zip(shown.kinds, pixels, strict=True))


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
