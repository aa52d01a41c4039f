"""Fitting the layers to a window of frames: a minute on one core at a hundred pixels."""

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.baselines.layered_atlases.clip_points import ClipPoints, PointBatch
from soundini.baselines.layered_atlases.networks import LayeredAtlases
from soundini.config.recipe import LayeredAtlasesConfig
from soundini.diffusion.noise import stable_seed

_WARM_UP = 20
_LAST_RATE = 0.05


@dataclass(frozen=True)
class FitStep:
    """A step of a fit is done.

    Args:
        index: number of this step, from 0.
        total: number of steps in all.
        losses: the terms, before their lambda.
    """

    index: int
    total: int
    losses: Mapping[str, Tensor]


def fit_layers(
    points: ClipPoints, config: LayeredAtlasesConfig, seed: int
) -> Generator[FitStep, None, LayeredAtlases]:
    """Fit the layers, by Adam on points that are drawn anew at every step.

    It runs where the points lie. On the CPU the same seed gives the same layers, to the bit.

    Args:
        points: the clip.
        config: steps and weights.
        seed: names the initial values and the draws.

    Yields:
        :class:`FitStep` after every step.

    Returns:
        The fitted layers.
    """
    layers = LayeredAtlases(stable_seed(seed, 0))
    generator = torch.Generator().manual_seed(stable_seed(seed, 1))
    # The grids' nodes are reached by few points of a batch: no epsilon may swallow their small gradients.
    adam = torch.optim.Adam(layers.parameters(), config.learning_rate, betas=(0.9, 0.99), eps=1e-12)
    for index in range(config.steps):
        progress = index / config.steps
        for group in adam.param_groups:
            group["lr"] = config.learning_rate * min(1, (index + 1) / _WARM_UP) * _cosine(progress)
        with torch.enable_grad():
            batch = points.draw(config.points, generator)
            terms = fit_terms(layers, batch, points.step)
            weights = _weights(config, bootstrapped=progress < config.bootstrap)
            adam.zero_grad()
            torch.stack([weights[name] * term for name, term in terms.items()]).sum().backward()
        adam.step()
        yield FitStep(index, config.steps, {name: term.detach() for name, term in terms.items()})
    return layers.requires_grad_(False)


def fit_terms(layers: LayeredAtlases, batch: PointBatch, step: float) -> dict[str, Tensor]:
    """Every term of the fit, before its lambda; motions are in pixels.

    Args:
        layers: what is fitted.
        batch: some pixels.
        step: distance of neighbouring pixels.
    """
    count = len(batch.moved)
    points = torch.cat([batch.at, batch.moved])
    alphas = layers.alpha(points)
    mapped = layers.foreground_mapping(points), layers.background_mapping(points)
    alpha = alphas[: 3 * count]
    foreground = layers.foreground(mapped[0][: 3 * count])
    background = layers.background(mapped[1][: 3 * count])
    colours = alpha * foreground + (1 - alpha) * background
    here = alphas[:count].detach()
    bent = moved = alphas.new_zeros(())
    for positions, share in zip(mapped, (here, 1 - here), strict=True):
        at, right, below, there = positions.split(count)
        bent = bent + rigidity(at, right, below, step)
        moved = moved + consistency(at, there, batch.seen * share) / step
    return {
        "colour": reconstruction(colours, batch.colours),
        "edges": edges(colours, batch.colours),
        "rigidity": bent,
        "flow": moved,
        "alpha": consistency(alphas[:count], alphas[3 * count :], batch.seen),
        "sparsity": sparsity(alpha, foreground),
        "mask": bootstrapping(alpha, batch.mask),
    }


def _weights(config: LayeredAtlasesConfig, *, bootstrapped: bool) -> dict[str, float]:
    return {
        "colour": 1.0,
        "edges": config.lambda_edges,
        "rigidity": config.lambda_rigidity,
        "flow": config.lambda_flow,
        "alpha": config.lambda_alpha,
        "sparsity": config.lambda_sparsity,
        "mask": float(bootstrapped),
    }


def _cosine(progress: float) -> float:
    """From 1 down to the last rate's share."""
    return _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * progress)) / 2


def rigidity(here: Tensor, right: Tensor, below: Tensor, step: float) -> Tensor:
    """How far a mapping is from moving things rigidly: 0 where it only turns, mirrors and shifts them.

    It grows steeply where the plane is squeezed onto a line.
    ``|J^T J|_F + |(J^T J)^-1|_F - 2 sqrt(2)``, J the mapping's Jacobian by finite differences: eq. 4 of the paper less its
    minimum.

    Args:
        here: where pixels lie on the atlas.
        right: where their right neighbours do.
        below: where their lower neighbours do.
        step: distance of neighbours.

    Shape:
        positions: ``[N, 2]``; returns a scalar.
    """
    along, down = (right - here) / step, (below - here) / step
    a, b, c = along.square().sum(1), (along * down).sum(1), down.square().sum(1)
    norm = (a.square() + 2 * b.square() + c.square()).sqrt()
    return (norm + norm / (a * c - b.square()).clamp(min=1e-4)).mean() - 2 * math.sqrt(2)


def consistency(here: Tensor, there: Tensor, weight: Tensor) -> Tensor:
    """How far apart two values lie that should be one, since the flow leads from one to the other: weighted mean distance.

    Of positions on an atlas, eq. 5 of the paper; of alphas, eq. 6.

    Shape:
        ``here``, ``there``: ``[N, C]``; ``weight``: ``[N, 1]`` in [0, 1], 0 where the flow cannot be trusted.
    """
    apart = (here - there).square().sum(1, keepdim=True).add(1e-12).sqrt() - 1e-6
    return (weight * apart).mean()


def reconstruction(colours: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance of colours, eq. 2."""
    return (colours - wanted).square().sum(1).mean()


def edges(colours: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance of the differences from pixels to their right and lower neighbours, eq. 3.

    Shape:
        ``[3 N, 3]`` each: pixels, right neighbours, lower neighbours.
    """
    here, right, below = (colours - wanted).chunk(3)
    return ((right - here).square() + (below - here).square()).sum(1).mean()


def sparsity(alpha: Tensor, foreground: Tensor) -> Tensor:
    """What the foreground's atlas holds where it is not seen should be black, eq. 7: it is then no copy of the background."""
    return ((1 - alpha) * (foreground + 1) / 2).square().sum(1).mean()


def bootstrapping(alpha: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy between alpha and a rough mask of the foreground (the paper's section 3.3; there by Mask R-CNN)."""
    return F.binary_cross_entropy(alpha, mask)
