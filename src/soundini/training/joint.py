"""Training of the embedded joint space: image tower and sound head, contrastively, against noise and attack."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.events import CheckpointSaved, TrainStep
from soundini.training.checkpoint import load_checkpoint, save_checkpoint
from soundini.training.ema import EMA
from soundini.training.images import LabelledImages
from soundini.training.mixtures import Mixtures, as_guidance_sees, draw_mixtures, soft_masks
from soundini.training.recipe import JointRecipe
from soundini.training.sounds import SoundFeatures


class JointTowers(nn.Module):
    """The two trainable towers, as one module."""

    def __init__(self, image_tower: nn.Module, sound_head: nn.Module) -> None:
        super().__init__()
        self.image_tower, self.sound_head = image_tower, sound_head


def train_joint(
    towers: JointTowers,
    denoiser: UNetDenoiser,
    images: LabelledImages,
    sounds: SoundFeatures,
    recipe: JointRecipe,
    folder: Path,
) -> Iterator[TrainStep | CheckpointSaved]:
    """Train both towers, yielding after every step; resumes from ``folder``.

    Symmetric contrastive loss with soft targets: a picture that is three tenths fire belongs to fire sounds by three
    tenths and to neutral ones by seven. Every picture is seen as guidance shows it (:func:`as_guidance_sees`), masked,
    and under an adversarial perturbation of random size (one step, random start): towers so trained have gradients
    that draw what they name (Santurkar et al. 2019, arXiv 1906.09453).

    Yields:
        :class:`TrainStep` after every step, :class:`CheckpointSaved` after every save.
    """
    towers.train().requires_grad_(True)
    optimizer = torch.optim.AdamW(towers.parameters(), recipe.lr, weight_decay=0.05)
    ema = EMA(towers, recipe.ema)
    done = load_checkpoint(folder, towers, ema, optimizer)
    buffer: deque[Mixtures] = deque(maxlen=recipe.buffer)
    for step in range(done, recipe.steps):
        rng = np.random.default_rng((recipe.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        while True:
            fresh = draw_mixtures(images, recipe.fresh, recipe.size, rng)
            seen = as_guidance_sees(denoiser, fresh.images, generator)
            buffer.append(Mixtures(seen, fresh.targets))
            if len(buffer) * recipe.fresh >= recipe.batch:
                break
        others = rng.choice(len(buffer) - 1, recipe.batch // recipe.fresh - 1, replace=False)
        drawn = [buffer[-1], *(buffer[i] for i in others)]
        x = _augment(torch.cat([d.images for d in drawn]), rng)
        image_targets = torch.cat([d.targets for d in drawn])
        features, sound_targets = sounds.draw(recipe.batch, rng)
        features = features + 0.05 * features.std() * torch.randn(
            features.shape, generator=generator
        )
        x = _attacked(towers, x, image_targets, features, sound_targets, recipe, generator)
        loss = contrastive_loss(
            towers.image_tower(x),
            towers.sound_head(features),
            image_targets,
            sound_targets,
            recipe.temperature,
        )
        warm = min(1.0, (step + 1) / 100)
        fall = min(1.0, 2.5 * (1 - step / recipe.steps))
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * warm * fall
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(towers.parameters(), 1.0)
        optimizer.step()
        ema.update(towers)
        yield TrainStep(step + 1, recipe.steps, float(loss.detach()))
        if (step + 1) % recipe.save_every == 0 or step + 1 == recipe.steps:
            path = save_checkpoint(folder, towers, ema, optimizer, step + 1, recipe.model_dump())
            yield CheckpointSaved(step + 1, path)


def contrastive_loss(
    image: Tensor, sound: Tensor, image_targets: Tensor, sound_targets: Tensor, temperature: float
) -> Tensor:
    """Symmetric InfoNCE with soft targets: a pair's share is the overlap of what either shows.

    Shape:
        ``image``: ``[B, D]``; ``sound``: ``[S, D]``; targets: ``[B, classes]`` and ``[S, classes]``; returns a scalar.
    """
    logits = F.normalize(image, dim=-1) @ F.normalize(sound, dim=-1).T / temperature
    overlap = image_targets @ sound_targets.T + 1e-6
    rows = -(overlap / overlap.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    columns = -(overlap / overlap.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0).mean()
    return rows + columns


def _augment(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirror, mask with grey as guidance does, and vary brightness and contrast a little."""
    if rng.random() < 0.5:
        x = x.flip(-1)
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(x), 1, 1, 1))).float()
    shift = torch.from_numpy(rng.uniform(-0.08, 0.08, (len(x), 1, 1, 1))).float()
    masked = torch.from_numpy(rng.uniform(size=(len(x), 1, 1, 1)) < 0.5)
    mask = torch.where(masked, soft_masks(len(x), x.shape[-1], rng), torch.ones(1))
    return (x * gain + shift) * mask


def _attacked(
    towers: JointTowers,
    x: Tensor,
    image_targets: Tensor,
    features: Tensor,
    sound_targets: Tensor,
    recipe: JointRecipe,
    generator: torch.Generator,
) -> Tensor:
    """X plus the perturbation that raises the loss most, to first order, at a random size for each picture."""
    size = recipe.attack * torch.rand(len(x), 1, 1, 1, generator=generator)
    start = x + 0.5 * size * torch.randn(x.shape, generator=generator)
    leaf = start.clone().requires_grad_()
    sound = towers.sound_head(features).detach()
    loss = contrastive_loss(
        towers.image_tower(leaf), sound, image_targets, sound_targets, recipe.temperature
    )
    (gradient,) = torch.autograd.grad(loss, leaf)
    rms = gradient.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
    return (start + size * (gradient / rms).clamp(-4, 4)).detach()
