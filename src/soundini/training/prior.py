"""Training of the diffusion prior: v-prediction on random crops (Patch Diffusion, arXiv 2304.12526), told of a sound."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.condition import ConditionEmbedding
from soundini.diffusion.denoiser import UNetDenoiser
from soundini.diffusion.sampling import sample
from soundini.diffusion.schedule import NoiseSchedule, plan_transitions, respace
from soundini.events import CheckpointSaved, SamplesReady, TrainStep
from soundini.training.conditions import HeardPictures
from soundini.training.distributed import Workers
from soundini.training.learning_rate import lr_factor
from soundini.training.recipe import PriorRecipe
from soundini.training.trainer import Trainer

SAMPLED_STEPS = 20


def train_prior(
    denoiser: UNetDenoiser,
    pictures: HeardPictures,
    recipe: PriorRecipe,
    folder: Path,
    workers: Workers = Workers(),  # noqa: B008 -- frozen
) -> Iterator[TrainStep | CheckpointSaved | SamplesReady]:
    """Train a denoiser and keep its running average, yielding after every step; resumes from ``folder``.

    The draws of step k depend on (seed, k) alone, so a resumed run sees what an uninterrupted one would have seen.

    Args:
        denoiser: v-prediction denoiser to train, from random or from trained weights; one that takes no condition
            yet learns to.
        pictures: where crops and conditions come from.
        recipe: settings.
        folder: where ``last.safetensors`` is kept.
        workers: the processes that share the work.

    Yields:
        :class:`TrainStep` after every step; :class:`SamplesReady` and :class:`CheckpointSaved` with every save.
    """
    if denoiser.condition is None:
        dim = next(iter(pictures.sounds.values())).shape[1]
        denoiser.take_condition(ConditionEmbedding(dim, denoiser.time_dim))
    assert denoiser.condition is not None
    denoiser.train().requires_grad_(True)
    average = copy.deepcopy(denoiser).eval().requires_grad_(False)
    rates = [(denoiser.unet, recipe.lr), (denoiser.condition, recipe.lr * recipe.condition_lr)]
    trainer = Trainer(
        denoiser, rates, recipe, folder, recipe.steps, workers, beta2=0.99, weight_decay=0.01
    )
    average.load_state_dict(trainer.ema.shadow, assign=True)  # and so follows it
    for step in range(trainer.done, recipe.steps):
        rng = np.random.default_rng((recipe.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        drawn = pictures.draw(
            recipe.batch, recipe.size, recipe.weights, rng, min_crop=recipe.min_crop
        )
        drawn += draw_noise(denoiser.schedule, drawn[0], generator, recipe.noisy)
        drawn += (draw_scales(recipe.batch, recipe.guidance, rng),)
        parts = [workers.part(tensor) for tensor in drawn]
        loss = denoising_loss(denoiser, average, *parts, snr_gamma=recipe.snr_gamma)
        factor = lr_factor(step, recipe.steps, warmup=recipe.warmup, decay=recipe.decay)
        for event in trainer.learn(step, loss, factor):
            yield event
            if isinstance(event, CheckpointSaved):
                yield SamplesReady(step + 1, _samples(average, pictures, recipe))


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


def draw_scales(batch: int, guidance: float, rng: np.random.Generator) -> Tensor:
    """How long the condition of each crop is made: half of them 1, the others up to ``guidance``; ``[batch]``."""
    return torch.from_numpy(np.maximum(1, rng.uniform(2 - guidance, guidance, batch))).float()


def denoising_loss(
    denoiser: UNetDenoiser,
    average: UNetDenoiser,
    x_start: Tensor,
    heard: Tensor,
    t: Tensor,
    eps: Tensor,
    scale: Tensor,
    *,
    snr_gamma: float,
) -> Tensor:
    """Weighted mean squared error of v, where a condition c times as long asks for c times its effect.

    Target: v + (c - 1) (v_told - v_untold), the latter two from the running average (model guidance, arXiv 2502.12154,
    of a scale that the network is told as in guidance distillation, arXiv 2210.03142). Its mean is the output of
    classifier-free guidance at scale c, so one evaluation of the network does what that needs two for.

    Weight: gamma / (snr + gamma). Where there is little noise it is that of min-SNR (arXiv 2303.09556); where there is much,
    min-SNR's falls to nothing for v, and that is where a network decides what the picture is of: this one stays at 1.

    Args:
        denoiser: v-prediction denoiser that learns.
        average: its running average.
        x_start: clean crops.
        heard: their conditions; zeros is the empty one.
        t: timesteps.
        eps: noise.
        scale: c, at least 1.
        snr_gamma: gamma above.

    Shape:
        ``x_start``, ``eps``: ``[B, 3, H, W]``; ``heard``: ``[B, D]``; ``t``, ``scale``: ``[B]``; returns a scalar.
    """
    abar = denoiser.schedule.alphas_cumprod[t].float().view(-1, 1, 1, 1)
    x = abar.sqrt() * x_start + (1 - abar).sqrt() * eps
    target = abar.sqrt() * eps - (1 - abar).sqrt() * x_start
    longer = (scale > 1) & (heard != 0).any(1)
    if longer.any():
        more = (scale[longer] - 1).view(-1, 1, 1, 1)
        target[longer] += more * _effect(average, x[longer], t[longer], heard[longer])
    v = denoiser.output(x, t, heard * scale[:, None])
    snr = abar / (1 - abar)
    weight = snr_gamma / (snr + snr_gamma)
    return (weight * (v - target).square()).mean()


@torch.no_grad()
def _effect(average: UNetDenoiser, x: Tensor, t: Tensor, heard: Tensor) -> Tensor:
    """What being told changes in v."""
    told = torch.cat([heard, torch.zeros_like(heard)])
    with_it, without = average.output(torch.cat([x, x]), torch.cat([t, t]), told).chunk(2)
    return with_it - without


@torch.no_grad()
def draw_samples(
    denoiser: UNetDenoiser,
    noise: Tensor,
    told: Tensor | None,
    *,
    start: int | None = None,
    steps: int = SAMPLED_STEPS,
) -> Tensor:
    """What a prior draws from pure noise, or makes of noisy pictures, by DDIM.

    Args:
        denoiser: the prior.
        noise: what is denoised.
        told: embeddings of the sounds that it is told, or None.
        start: timestep of ``noise``; None for pure noise.
        steps: evaluations of the network.

    Shape:
        ``noise``: ``[B, 3, H, W]``; ``told``: ``[B, D]``; returns ``[B, 3, H, W]`` in [-1, 1].
    """
    last = denoiser.schedule.num_timesteps - 2 if start is None else start
    plan = plan_transitions(respace(last + 1, steps))
    drawn = noise
    for step in sample(
        lambda x, t: denoiser.interpret(x, t, denoiser.output(x, t, told)),
        denoiser.schedule,
        plan,
        noise,
        noise=lambda _: noise,
        method="ddim",
    ):
        drawn = step.x
    return drawn.clamp(-1, 1)


@torch.no_grad()
def _samples(
    average: UNetDenoiser, pictures: HeardPictures, recipe: PriorRecipe
) -> dict[str, np.ndarray]:
    """What the running average draws for the first sound of each class, from the same noise, told as much as it can be."""
    names = [name for name, pool in pictures.sounds.items() if len(pool)]
    told = recipe.guidance * torch.stack([pictures.sounds[name][0] for name in names])
    generator = torch.Generator().manual_seed(recipe.seed)
    noise = torch.randn((1, 3, recipe.size, recipe.size), generator=generator)
    drawn = draw_samples(average, noise.expand(len(names), -1, -1, -1), told)
    pixels = ((drawn + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    return dict(zip(names, pixels, strict=True))
