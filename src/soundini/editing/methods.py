"""By which method a window is edited: ours, or a baseline on the same models."""

from __future__ import annotations

from collections.abc import Iterator

from soundini.baselines.blended_diffusion import best_of, candidate, frame_by_frame
from soundini.config.recipe import Recipe
from soundini.diffusion.sampling import SamplingState, SamplingStep
from soundini.editing.window import WindowInputs, sample_window, sampling_plan
from soundini.guidance.sound import region_similarity
from soundini.packs.pack import ModelPack


def settings_for_method(recipe: Recipe) -> Recipe:
    """What the method makes of a recipe."""
    return frame_by_frame(recipe) if recipe.method == "blended-diffusion" else recipe


def evaluations(recipe: Recipe, num_timesteps: int) -> int:
    """Network evaluations of a window, each over all of its frames."""
    candidates = recipe.blended.candidates if recipe.method == "blended-diffusion" else 1
    return candidates * len(sampling_plan(recipe, num_timesteps))


def resumes_within_window(recipe: Recipe) -> bool:
    """Whether the method goes on from a state in the middle of a window; others begin the window again."""
    return recipe.method == "soundini"


def edit_window(
    pack: ModelPack, inputs: WindowInputs, recipe: Recipe, state: SamplingState | None = None
) -> Iterator[SamplingStep]:
    """Edit one window by the recipe's method; the last step's ``x`` holds the edited frames.

    Args:
        pack: the models.
        inputs: the frames.
        recipe: settings, as :func:`settings_for_method` gives them.
        state: where to go on from, for a method that :func:`resumes_within_window`.

    Yields:
        :class:`soundini.diffusion.sampling.SamplingStep` after every network evaluation.
    """
    if recipe.method == "soundini":
        return sample_window(pack, inputs, recipe, state)
    return best_of(
        lambda number: sample_window(pack, inputs, candidate(recipe, number)),
        lambda frames: region_similarity(pack.joint, frames, inputs.mask, inputs.sound_embeds),
        recipe.blended.candidates,
    )
