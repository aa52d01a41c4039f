"""Settings that couple no frames."""

from __future__ import annotations

from typing import Literal

from soundini.config.recipe import Recipe


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
