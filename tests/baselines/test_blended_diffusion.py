import pytest
import torch

from soundini.baselines.blended_diffusion import best_of, candidate, frame_by_frame
from soundini.config.presets import load_preset
from soundini.diffusion.sampling import SamplingStep

STEPS, FRAMES = 3, 4


def sampled(number):
    """Candidate k is all k when finished, and -1 before."""
    for index in range(STEPS):
        x = torch.full((FRAMES, 3, 2, 2), float(number if index + 1 == STEPS else -1))
        yield SamplingStep(index, STEPS, STEPS - index, STEPS - index - 1, x, x, {})


@pytest.mark.parametrize("candidates", [1, 2, 5])
def test_every_step_of_every_candidate_is_told(candidates):
    steps = list(best_of(sampled, lambda x: x.mean((1, 2, 3)), candidates))
    assert len(steps) == candidates * STEPS


def test_each_frame_takes_the_candidate_that_scores_best():
    wanted = torch.tensor([2.0, 0.0, 1.0, 2.0])

    def score(frames):
        return -(frames.mean((1, 2, 3)) - wanted).abs()

    last = list(best_of(sampled, score, 3))[-1]
    assert torch.equal(last.x.mean((1, 2, 3)), wanted)


def test_of_equals_the_first_stays():
    last = list(best_of(sampled, lambda x: torch.zeros(len(x)), 3))[-1]
    assert torch.equal(last.x, torch.zeros(FRAMES, 3, 2, 2))


def test_unfinished_frames_are_never_chosen():
    steps = list(best_of(sampled, lambda x: -x.mean((1, 2, 3)), 3))
    assert float(steps[-1].x.min()) == 0


def test_nothing_couples_the_frames():
    recipe = frame_by_frame(load_preset("quality"))
    assert recipe.sampling.noise == "independent"
    guidance = recipe.guidance
    assert (guidance.lambda_directional, guidance.lambda_flow) == (0, 0)
    assert (guidance.smooth, guidance.settle) == (0, 0)
    assert guidance.blend_background
    assert guidance.augment == load_preset("quality").guidance.augment


def test_candidates_have_seeds_of_their_own_and_the_first_the_recipes():
    recipe = load_preset("fast").model_copy(update={"seed": 7})
    seeds = [candidate(recipe, k).seed for k in range(4)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 4
    assert seeds == [candidate(recipe, k).seed for k in range(4)]
