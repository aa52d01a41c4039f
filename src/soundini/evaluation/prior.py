"""The diffusion prior on held-out photographs: its loss by noise level, its samples, what it makes of noisy pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.evaluation.shown import save_pictures
from soundini.evaluation.subject import Subject, joint_of, pack_digest
from soundini.events import ItemMeasured
from soundini.judge.features import HEAD_FEATURES, PooledFeatures
from soundini.metrics.kid import kernel_distance
from soundini.packs.pack import ModelPack
from soundini.training.classes import IMAGE_CLASS
from soundini.training.conditions import HeardPictures, sound_conditions
from soundini.training.images import LabelledImages
from soundini.training.prior import draw_samples
from soundini.training.recipe import PriorRecipe, load_train_recipe
from soundini.training.sounds import sound_features
from soundini.training.squares import centre_square

PART = "prior"

LEVELS = (100, 300, 500, 700, 850, 950)
"""Timesteps at which the loss is measured."""

RENOISED = (400, 600, 800)
"""Timesteps that held-out pictures are noised to, to be denoised again."""

RENOISED_STEPS = 10
"""Evaluations of the network from each of those timesteps."""

RENOISED_SIZES = (128, 256)
"""Sides of those pictures, pixels."""

RENOISED_LABELS = ("fire", "storm", "sea", "underwater")
"""One picture of each label, the first held-out one."""

SHOWN_SAMPLES = 12


@dataclass(frozen=True)
class PriorFigures:
    """A prior, told of the sound or not.

    Args:
        name: of the pack: "models" for the pack that is evaluated, "baseline" for the other.
        told: whether it is told the embedding of a sound that goes with each picture.
        losses: mean squared error of v at each of :data:`LEVELS`.
        kid: kernel distance of its samples to held-out crops.
        shown: file of the pictures for sheets, within the run's folder.
    """

    name: str
    told: bool
    losses: list[float]
    kid: float
    shown: str


def evaluate_prior(subject: Subject, baseline: ModelPack | None = None) -> Iterator[ItemMeasured]:
    """Measure the prior, and another one to compare it to, without and with being told of the sound.

    Crops are drawn with the labels' shares of training, and every prior gets the same crops and the same noise.

    Yields:
        :class:`ItemMeasured` with the fields of :class:`PriorFigures`.
    """
    packs = {"models": subject.pack} | ({} if baseline is None else {"baseline": baseline})
    common = {
        "part": PART,
        **subject.settings.model_dump(include={"seed", "samples", "sample_size"}),
    }
    jobs = [
        (name, pack, told)
        for name, pack in packs.items()
        for told in ((False, True) if pack.denoiser.condition is not None else (False,))
    ]
    for done, (name, pack, told) in enumerate(jobs, 1):
        what = {**common, "name": name, "told": told, "measured": pack_digest(pack)}
        measure = partial(_measure, subject, name, pack, told, subject.kept(what))
        yield ItemMeasured(PART, done, len(jobs), subject.item(measure, what))


def _measure(subject: Subject, name: str, pack: ModelPack, told: bool, shown: str) -> PriorFigures:
    settings, recipe = subject.settings, load_train_recipe(PriorRecipe)
    sounds = sound_conditions(joint_of(pack), sound_features(subject.recordings, joint_of(pack)))
    images = LabelledImages(subject.data, side="held_out", max_short_side=max(RENOISED_SIZES))
    pictures = HeardPictures(images, sounds, dropped=0.0, blended=0.0, noise=0.0)
    crops, heard = pictures.draw(
        settings.samples,
        settings.sample_size,
        recipe.weights,
        np.random.default_rng(settings.seed),
        min_crop=recipe.min_crop,
    )
    given = heard if told else None
    noise = torch.randn(crops.shape, generator=torch.Generator().manual_seed(settings.seed))
    drawn = draw_samples(pack.denoiser, noise, given)
    network = PooledFeatures()
    real, made = (network(x)[:, :HEAD_FEATURES] for x in (crops, drawn))
    kept = {"held_out": crops[:SHOWN_SAMPLES], "samples": drawn[:SHOWN_SAMPLES]}
    if told == (pack.denoiser.condition is not None):  # once for a pack: it takes longest
        kept |= _renoised(pack.denoiser, images, sounds if told else None, settings.seed)
    save_pictures(subject.journal.folder / shown, {k: _pixels(v) for k, v in kept.items()})
    return PriorFigures(
        name,
        told,
        denoising_losses(pack.denoiser, crops, given),
        kernel_distance(made, real),
        shown,
    )


@torch.no_grad()
def denoising_losses(denoiser: UNetDenoiser, crops: Tensor, told: Tensor | None) -> list[float]:
    """Mean squared error of v at each of :data:`LEVELS`, under the same noise for every denoiser.

    Shape:
        ``crops``: ``[B, 3, S, S]`` in [-1, 1]; ``told``: ``[B, D]``.
    """
    found = []
    for t in LEVELS:
        eps = torch.randn(crops.shape, generator=torch.Generator().manual_seed(t))
        x = denoiser.schedule.q_sample(crops, eps, t)
        abar = denoiser.schedule.abar(t)
        target = abar**0.5 * eps - (1 - abar) ** 0.5 * crops
        found.append(float((denoiser.output(x, t, told) - target).square().mean()))
    return found


def _renoised(
    denoiser: UNetDenoiser,
    images: LabelledImages,
    sounds: Mapping[str, Tensor] | None,
    seed: int,
) -> dict[str, Tensor]:
    """Held-out pictures, noised and denoised: ``renoised_SIZE`` -> ``[1 + levels, pictures, 3, SIZE, SIZE]``."""
    labels = [label for label in RENOISED_LABELS if images.by_label.get(label)]
    told = None
    if sounds is not None:
        told = torch.stack([sounds[IMAGE_CLASS[label]][0] for label in labels])
    found = {}
    for size in RENOISED_SIZES if labels else ():
        x = torch.cat([centre_square(images.by_label[label][0], size) for label in labels])
        eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
        rows = [x]
        for t in RENOISED:
            noisy = denoiser.schedule.q_sample(x, eps, t)
            rows.append(draw_samples(denoiser, noisy, told, start=t, steps=RENOISED_STEPS))
        found[f"renoised_{size}"] = torch.stack(rows)
    return found


def label_of(figure: PriorFigures) -> str:
    """How reports call a prior."""
    return f"{figure.name}, told the sound" if figure.told else figure.name


def _pixels(pictures: Tensor) -> np.ndarray:
    """``[..., 3, S, S]`` in [-1, 1] -> ``uint8 [..., S, S, 3]``."""
    return ((pictures + 1) * 127.5).round().byte().movedim(-3, -1).contiguous().numpy()
