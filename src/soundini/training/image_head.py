"""Fits the image tower's last layer: a linear probe whose output is a sum of class directions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.joint.towers import ImageTower
from soundini.training.classes import CLASSES
from soundini.training.directions import say_by_directions
from soundini.training.image_tower import draw_seen
from soundini.training.images import LabelledImages
from soundini.training.probe import class_importance, fit_probe
from soundini.training.recipe import JointRecipe

_L2 = 0.03


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
    importance = class_importance(recipe.neutral)
    share = (target * importance / target.mean(0).clamp_min(1e-3)).sum(1)
    with torch.enable_grad():
        probe = fit_probe(torch.cat(features), target, share / share.mean(), _L2)
    say_by_directions(tower.out, probe, basis)
