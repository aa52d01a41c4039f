"""Blended Diffusion (Avrahami et al., CVPR 2022, arXiv 2111.14818), guided by sound: frame by frame, the best of several."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from soundini.config.recipe import Recipe
from soundini.diffusion.noise import stable_seed
from soundini.diffusion.sampling import SamplingStep


def uncoupled(recipe: Recipe, noise: Literal["shared", "independent"]) -> Recipe:
    """A recipe with all that couples frames off, no drafts, and the noised background put back after every step.

    Args:
        recipe: what it shares with the method stays as it is: the models, the views that augment the region, L_back.
        noise: one noise image for all, or one for each frame.
    """
    guidance = recipe.guidance.model_copy(
        update={
            "lambda_directional": 0.0,
            "lambda_flow": 0.0,
            "smooth": 0,
            "settle": 0,
            "blend_background": True,
        }
    )
    sampling = recipe.sampling.model_copy(update={"noise": noise, "draft": 0.0})
    return recipe.model_copy(update={"guidance": guidance, "sampling": sampling})


def frame_by_frame(recipe: Recipe) -> Recipe:
    """Settings of the baseline: all that couples frames is off, and every frame has noise of its own.

    What it shares with the method stays as it is: the models, the views that augment the region, L_back, and the noised
    background put back after every step.
    """
    return uncoupled(recipe, "independent")


def candidate(recipe: Recipe, number: int) -> Recipe:
    """Settings of one of the candidates: the first has the recipe's seed, every other a seed of its own."""
    seed = recipe.seed if number == 0 else stable_seed(recipe.seed, number)
    return recipe.model_copy(update={"seed": seed})


def best_of(
    sample: Callable[[int], Iterator[SamplingStep]],
    score: Callable[[Tensor], Tensor],
    candidates: int,
) -> Iterator[SamplingStep]:
    """Sample several candidates of the same frames and keep, frame by frame, the one that scores best.

    Args:
        sample: samples candidate k.
        score: says how good each finished frame is, ``[T, 3, H, W]`` -> ``[T]``; the joint space does, as CLIP does there.
        candidates: how many, at least 1.

    Yields:
        Every step of every candidate; the last step of each holds the best frames so far.
    """
    best: Tensor | None = None
    scores: Tensor | None = None
    for number in range(candidates):
        for step in sample(number):
            if step.index + 1 < step.total:
                yield step
                continue
            found = score(step.x)
            if best is None or scores is None:
                best, scores = step.x, found
            else:
                better = (found > scores).view(-1, 1, 1, 1)
                best, scores = torch.where(better, step.x, best), torch.maximum(found, scores)
            yield replace(step, x=best)
