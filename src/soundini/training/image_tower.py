"""Training of the embedded image tower: against the sounds of its pictures, through noise and under attack."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.joint.embedded import TEMPERATURE
from soundini.joint.towers import ImageTower
from soundini.training.attacks import Attacks
from soundini.training.classes import CLASSES, NONE
from soundini.training.directions import class_loss, face_directions, mean_shares, say_by_directions
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.images import LabelledImages
from soundini.training.mixtures import (
    as_guidance_sees,
    draw_mixtures,
    soft_masks,
    softened_like_noise,
)
from soundini.training.probe import class_importance, fit_probe
from soundini.training.recipe import JointRecipe
from soundini.training.trainer import Trainer, adamw, lr_factor

_COUNTED = 8
"""Batches over which the share of each class is counted."""
_L2 = 0.03


def train_image_tower(
    tower: nn.Module,
    denoiser: UNetDenoiser,
    images: LabelledImages,
    sounds: tuple[Tensor, Tensor],
    directions: Mapping[str, Tensor],
    recipe: JointRecipe,
    folder: Path,
    attacks: Attacks | None = None,
    workers: Workers = Workers(),  # noqa: B008 -- frozen
) -> Iterator[TrainStep | CheckpointSaved]:
    """Train the image tower, yielding after every step; resumes from ``folder``, bit for bit.

    Loss: symmetric contrast with the embeddings of sounds (soft: a picture that is three tenths fire belongs to fire by
    three tenths and to neutral sounds by seven), and cross-entropy towards the directions of the classes. Pictures
    look as in guidance: noisy (some denoised by the prior, the others softened alike), masked, and at several opacities. A
    share of them has an adversarial perturbation of random size (one step, random start): the gradients of towers that are
    trained so draw what they name (Santurkar et al. 2019, arXiv 1906.09453).

    Args:
        tower: ends in a linear layer ``out``; its weights are trained in place.
        denoiser: the prior, frozen.
        images: photographs.
        sounds: embeddings of sounds and their class shares, ``[N, D]`` and ``[N, classes]``.
        directions: of each class.
        recipe: settings.
        folder: where ``last.safetensors`` is kept.
        attacks: guided pictures of earlier towers, with the judge's classes as targets; they are a share ``relearned`` of
            every batch.
        workers: the processes that share the work.

    Yields:
        :class:`TrainStep` after every step, :class:`CheckpointSaved` after every save.
    """
    tower.train().requires_grad_(True)
    basis = torch.stack([directions[name] for name in CLASSES])
    assert isinstance(tower.out, nn.Linear)
    face_directions(tower.out, basis)
    rng = np.random.default_rng(recipe.seed)
    drawn = (draw_mixtures(images, recipe.batch, 16, rng).targets for _ in range(_COUNTED))
    common = mean_shares(drawn)
    trainer = Trainer(tower, adamw([(tower, recipe.lr)]), recipe, folder, recipe.steps, workers)
    for step in range(trainer.done, recipe.steps):
        rng = np.random.default_rng((recipe.seed, step))
        x, targets = draw_seen(denoiser, images, recipe, rng, attacks)
        chosen = torch.from_numpy(rng.choice(len(sounds[0]), recipe.batch, p=_evenly(sounds[1])))
        sound, sound_targets = sounds[0][chosen], sounds[1][chosen]
        whole = (x, targets, *_perturbation(x, recipe, rng))
        mine, wanted, size, noise = (workers.part(each) for each in whole)
        seen = _attacked(tower, mine, wanted, size, noise, basis)
        embeds = workers.gather(F.normalize(tower(seen), dim=-1))
        told = class_loss(embeds, basis, targets, common, recipe.tau)
        paired = contrastive_loss(embeds, sound, targets, sound_targets)
        factor = lr_factor(step, recipe.steps, warmup=50, decay=0.6)
        yield from trainer.learn(
            step, told + 0.5 * paired, factor, {"classes": told, "pairs": paired}
        )


def contrastive_loss(
    image: Tensor, sound: Tensor, image_targets: Tensor, sound_targets: Tensor
) -> Tensor:
    """Symmetric InfoNCE with soft targets: the target of a pair is the overlap of its class shares.

    Shape:
        ``image``: ``[B, D]``, ``sound``: ``[S, D]``, unit length; targets: ``[B, classes]`` and ``[S, classes]``; returns a
        scalar.
    """
    logits = image @ sound.T / TEMPERATURE
    overlap = image_targets @ sound_targets.T + 1e-6
    rows = -(overlap / overlap.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    columns = -(overlap / overlap.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0).mean()
    return rows + columns


def _evenly(targets: Tensor) -> np.ndarray:
    """Probabilities of the sounds with which every class is drawn equally often."""
    kinds = targets.argmax(1)
    weight = 1.0 / torch.bincount(kinds, minlength=len(CLASSES)).clamp_min(1).double()
    share = weight[kinds].numpy()
    return share / share.sum()


def draw_seen(
    denoiser: UNetDenoiser,
    images: LabelledImages,
    recipe: JointRecipe,
    rng: np.random.Generator,
    attacks: Attacks | None = None,
) -> tuple[Tensor, Tensor]:
    """A batch of pictures as guidance sees them, and their class shares: ``[B, 3, S, S]`` and ``[B, classes]``."""
    chance = torch.Generator().manual_seed(int(rng.integers(2**62)))
    drawn = draw_mixtures(images, recipe.batch, recipe.size, rng)
    x, targets = drawn.images.clone(), drawn.targets.clone()
    if attacks is not None:
        mine = round(recipe.relearned * len(x))
        chosen = torch.from_numpy(rng.integers(len(attacks.images), size=mine))
        x[len(x) - mine :], targets[len(x) - mine :] = attacks.images[chosen], attacks.seen[chosen]
    count = min(recipe.denoised, recipe.batch)
    if count:
        x[:count] = as_guidance_sees(denoiser, x[:count], chance)
    x[count:] = softened_like_noise(x[count:], denoiser.schedule, rng)
    order = torch.from_numpy(rng.permutation(len(x)))
    return _augment(x[order], rng), targets[order]


def _augment(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary brightness and contrast a little, and mask with grey like guidance."""
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(x), 1, 1, 1))).float()
    shift = torch.from_numpy(rng.uniform(-0.08, 0.08, (len(x), 1, 1, 1))).float()
    masked = torch.from_numpy(rng.uniform(size=(len(x), 1, 1, 1)) < 0.4)
    mask = torch.where(masked, soft_masks(len(x), x.shape[-1], rng), torch.ones(1))
    return (x * gain + shift) * mask


def _perturbation(
    x: Tensor, recipe: JointRecipe, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Size of each picture's perturbation (0: none), ``[B, 1, 1, 1]``, and the noise that it starts from, shaped as ``x``."""
    chosen = torch.arange(len(x)) < round(recipe.attacked * len(x))
    size = recipe.attack * torch.from_numpy(rng.random(len(x))).float() * chosen
    return size.view(-1, 1, 1, 1), torch.from_numpy(rng.standard_normal(x.shape)).float()


def _attacked(
    tower: nn.Module, x: Tensor, targets: Tensor, size: Tensor, noise: Tensor, basis: Tensor
) -> Tensor:
    """Add to ``x`` the perturbation of the given size that raises the loss most, to first order."""
    rows = size.flatten() > 0
    if not rows.any():
        return x
    size, start = size[rows], x[rows] + 0.5 * size[rows] * noise[rows]
    leaf = start.clone().requires_grad_()
    logits = F.normalize(tower(leaf), dim=-1) @ basis.T / TEMPERATURE
    loss = F.cross_entropy(logits, targets[rows], reduction="sum")
    (gradient,) = torch.autograd.grad(loss, leaf)
    rms = gradient.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
    moved = x.clone()
    moved[rows] = (start + size * (gradient / rms).clamp(-4, 4)).detach()
    return moved


@torch.no_grad()
def fit_image_head(
    tower: ImageTower,
    basis: Tensor,
    denoiser: UNetDenoiser,
    images: LabelledImages,
    recipe: JointRecipe,
) -> None:
    """Set the last layer by multinomial logistic regression on the features of pictures as guidance sees them.

    Gradient descent gets there too, but slowly: classes with low probabilities (rain) keep small cosines to their direction
    for a long time. Every class is weighted by its importance, whatever its share of the pictures.

    Args:
        tower: its last layer is written in place.
        basis: the directions, in the order of the classes.
        denoiser: the prior, frozen.
        images: photographs.
        recipe: ``head_batches``, ``neutral``, and the settings by which pictures are drawn.

    Shape:
        ``basis``: ``[classes, D]``, orthonormal.
    """
    features, targets = [], []
    for number in range(recipe.head_batches):
        rng = np.random.default_rng((recipe.seed, number, len(CLASSES)))
        x, shown = draw_seen(denoiser, images, recipe, rng)
        features.append(tower.features(x))
        targets.append(shown)
    target = torch.cat(targets)
    importance = class_importance({NONE: recipe.neutral})
    share = (target * importance / target.mean(0).clamp_min(1e-3)).sum(1)
    with torch.enable_grad():
        probe = fit_probe(torch.cat(features), target, share / share.mean(), _L2)
    say_by_directions(tower.out, probe, basis)
