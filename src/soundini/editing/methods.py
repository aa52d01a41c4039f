"""The table of methods: ours, and the baselines on the same models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from soundini.baselines.blended_diffusion import best_of, candidate, frame_by_frame
from soundini.baselines.layered_atlases.fitting import FitStep
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.diffusion.sampling import SamplingState, SamplingStep
from soundini.editing.baseline_windows import edit_through_atlases, optimise_window, still_picture
from soundini.editing.plan import place_keyframes
from soundini.editing.window import WindowInputs, sample_window, sampling_plan
from soundini.guidance.sound import region_similarity
from soundini.packs.pack import ModelPack
from soundini.packs.paper import vqgan_weights


@dataclass(frozen=True)
class Method:
    """A way to edit a window.

    Args:
        settings: what it makes of a recipe.
        evaluations: network evaluations of a window, each over all the pictures that are sampled for it, from such a recipe
            and the models.
        edit: edits a window, given the models, the window and the recipe, and the state where it resumes; the last step's
            ``x`` holds the edited frames.
        pictures: how many pictures are sampled for a window in which so many frames are heard.
        fit_steps: the setting that holds the steps of what it fits to a window first; empty where it fits nothing.
        weights: weight files that it uses besides the pack's, by name.
        resumes: whether it goes on from a state in the middle of a window.
    """

    settings: Callable[[Recipe], Recipe]
    evaluations: Callable[[Recipe, ModelPack], int]
    edit: Callable[..., Iterator[SamplingStep | FitStep]]
    pictures: Callable[[int], int] = lambda frames: frames
    fit_steps: str = ""
    weights: Callable[[ModelPack, Recipe], dict[str, Path]] = lambda pack, recipe: {}
    resumes: bool = False


def evaluations(recipe: Recipe, pack: ModelPack) -> int:
    """Network evaluations of a window, each over all the pictures that are sampled for it."""
    return METHODS[recipe.method].evaluations(recipe, pack)


def fit_steps(recipe: Recipe) -> int:
    """Steps of what the method fits to a window before it edits it; 0 where it fits nothing."""
    name = METHODS[recipe.method].fit_steps
    return reduce(getattr, name.split("."), recipe) if name else 0


def with_fit_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with so many steps of :func:`fit_steps`; the same where the method fits nothing."""
    name = METHODS[recipe.method].fit_steps
    return override(recipe, [f"{name}={steps}"]) if name else recipe


def evaluations_a_frame(recipe: Recipe, pack: ModelPack, frames: int) -> float:
    """Network evaluations that each frame of a window takes; those of a picture that serves several frames are shared out.

    Args:
        recipe: settings.
        pack: the models.
        frames: of the window, sampled or not.
    """
    sampled = len(place_keyframes(frames, recipe.window.stride))
    return evaluations(recipe, pack) * METHODS[recipe.method].pictures(sampled) / frames


def weight_hashes(pack: ModelPack, recipe: Recipe) -> dict[str, str]:
    """sha256 of every weight file of the pack, and of those that the recipe uses besides; each is read once a pack."""
    brought = METHODS[recipe.method].weights(pack, recipe)
    if recipe.guidance.gradient == "secondary" and pack.secondary_file is not None:
        brought = brought | {"secondary": pack.secondary_file}
    return pack.weight_hashes() | {name: pack.hash_of(path) for name, path in brought.items()}


def edit_window(
    pack: ModelPack, inputs: WindowInputs, recipe: Recipe, state: SamplingState | None = None
) -> Iterator[SamplingStep | FitStep]:
    """Edit one window by the recipe's method; the last step's ``x`` holds the edited frames.

    Args:
        pack: the models.
        inputs: the frames.
        recipe: settings, as the method changes them.
        state: where to go on from, for a method that resumes.

    Yields:
        :class:`soundini.diffusion.sampling.SamplingStep` after every network evaluation, and before the first, where the
        method fits something to the window, :class:`soundini.baselines.layered_atlases.fitting.FitStep`.
    """
    method = METHODS[recipe.method]
    return method.edit(pack, inputs, recipe, *([state] if method.resumes else []))


def _sampled(recipe: Recipe, pack: ModelPack) -> int:
    return len(sampling_plan(recipe, pack))


def _best_of_candidates(
    pack: ModelPack, inputs: WindowInputs, recipe: Recipe
) -> Iterator[SamplingStep]:
    return best_of(
        lambda number: sample_window(pack, inputs, candidate(recipe, number)),
        lambda frames: region_similarity(pack.joint, frames, inputs.mask, inputs.sound_embeds),
        recipe.blended.candidates,
    )


METHODS = {
    "soundini": Method(lambda recipe: recipe, _sampled, sample_window, resumes=True),
    "blended-diffusion": Method(
        frame_by_frame,
        lambda recipe, pack: recipe.blended.candidates * _sampled(recipe, pack),
        _best_of_candidates,
    ),
    "layered-atlases": Method(
        still_picture,
        _sampled,
        edit_through_atlases,
        pictures=lambda frames: min(frames, 1),
        fit_steps="atlases.steps",
    ),
    "vqgan-clip": Method(
        frame_by_frame,
        lambda recipe, _: recipe.vqgan.iterations,
        optimise_window,
        weights=lambda pack, recipe: vqgan_weights(pack, recipe.vqgan.weights),
    ),
}
"""By the names that ``Recipe.method`` takes."""
