import math

import pytest
import torch

from soundini.diffusion.denoiser import Prediction
from soundini.diffusion.sampling import SamplingState, sample
from soundini.diffusion.schedule import CLEAN, NoiseSchedule, Transition, plan_transitions, respace

METHODS = ["ddpm", "ddim", "dpmpp_2m"]


@pytest.fixture
def schedule():
    return NoiseSchedule.from_diffusers({"num_train_timesteps": 1000, "beta_schedule": "linear"})


def oracle(schedule, target, shift=None):
    """A denoiser that knows the answer."""

    def denoise(x, t):
        abar = schedule.abar(t)
        eps = (x - math.sqrt(abar) * target) / math.sqrt(1 - abar)
        moved = None if shift is None else shift.expand_as(x)
        return Prediction(eps, target.expand_as(x), score_shift=moved)

    return denoise


def noise_like(x):
    return lambda stream: torch.randn(x.shape, generator=torch.Generator().manual_seed(stream))


def run(schedule, denoise, x, method, plan, **options):
    noise = noise_like(x.x if isinstance(x, SamplingState) else x)
    steps = list(sample(denoise, schedule, plan, x, noise=noise, method=method, **options))
    return steps[-1].x, steps


@pytest.mark.parametrize("method", METHODS)
def test_an_oracle_is_reached(schedule, method):
    target = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = plan_transitions(respace(1000, 10))
    out, steps = run(schedule, oracle(schedule, target), x, method, plan)
    assert torch.allclose(out, target, atol=1e-5)
    assert [s.index for s in steps] == list(range(10))
    assert steps[-1].t_next == CLEAN


@pytest.mark.parametrize("method", METHODS)
def test_repeated_steps_still_arrive(schedule, method):
    target = torch.zeros(1, 3, 8, 8)
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = plan_transitions(respace(1000, 10), repeats=3, repeat_from=700, repeat_to=300)
    assert len(plan) > 10
    out, _ = run(schedule, oracle(schedule, target), x, method, plan)
    assert torch.allclose(out, target, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_guidance_pulls_along_the_shift(schedule, method):
    target = torch.zeros(1, 3, 8, 8)
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = [Transition(600, 500)]
    plain, _ = run(schedule, oracle(schedule, target), x, method, plan)
    pulled, _ = run(schedule, oracle(schedule, target, torch.ones(1)), x, method, plan)
    moved = pulled - plain
    assert (moved > 0).all()
    assert moved.std() < 1e-5


def test_ddpm_guidance_moves_the_mean_by_variance_times_shift(schedule):
    target = torch.zeros(1, 3, 8, 8)
    x = torch.ones(1, 3, 8, 8)
    plan = [Transition(600, 500)]
    plain, _ = run(schedule, oracle(schedule, target), x, "ddpm", plan)
    pulled, _ = run(schedule, oracle(schedule, target, torch.full((1,), 3.0)), x, "ddpm", plan)
    a, b = schedule.abar(600), schedule.abar(500)
    variance = (1 - a / b) * (1 - b) / (1 - a)
    assert (pulled - plain).mean().item() == pytest.approx(3 * variance, rel=1e-4)


def test_renoising_gives_the_forward_marginal(schedule):
    clean = torch.full((1, 3, 128, 128), 0.5)
    generator = torch.Generator().manual_seed(0)
    eps = [torch.randn(clean.shape, generator=generator) for _ in range(2)]
    x = schedule.renoise(schedule.q_sample(clean, eps[0], 300), eps[1], 300, 600)
    abar = schedule.abar(600)
    assert x.mean().item() == pytest.approx(0.5 * math.sqrt(abar), abs=0.01)
    assert x.var().item() == pytest.approx(1 - abar, abs=0.02)


def test_constrain_is_applied_after_every_step(schedule):
    target = torch.zeros(1, 3, 8, 8)
    seen = []

    def constrain(x, t):
        seen.append(t)
        x = x.clone()
        x[..., 0] = 7.0
        return x

    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = plan_transitions(respace(1000, 4))
    out, _ = run(schedule, oracle(schedule, target), x, "ddim", plan, constrain=constrain)
    assert seen == [t.t_next for t in plan]
    assert (out[..., 0] == 7).all()


def test_ddim_without_eta_draws_no_noise(schedule):
    def forbidden(stream):
        raise AssertionError("deterministic DDIM drew noise")

    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = plan_transitions(respace(1000, 5))
    list(sample(oracle(schedule, torch.zeros(1)), schedule, plan, x, noise=forbidden))


def test_respace_keeps_both_ends():
    assert respace(1000, 100)[0] == 0
    assert respace(1000, 100)[-1] == 999
    assert respace(1000, 1000) == list(range(1000))
    for steps in (0, 1001):
        with pytest.raises(ValueError, match="steps"):
            respace(1000, steps)


@pytest.mark.parametrize("method", ["ddim", "dpmpp_2m"])
def test_clipping_keeps_the_guided_estimate_in_range(schedule, method):
    target = torch.full((1, 3, 8, 8), 0.9)
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = [Transition(600, CLEAN)]
    pull = oracle(schedule, target, torch.full((1,), 5.0))
    free, _ = run(schedule, pull, x, method, plan)
    kept, _ = run(schedule, pull, x, method, plan, clip=True)
    assert free.max() > 1
    assert kept.max() <= 1
    assert kept.min() > 0.9


def shrinking(schedule):
    """A denoiser whose estimate depends on what it is given, so that a wrong state is noticed."""

    def denoise(x, t):
        abar = schedule.abar(t)
        xstart = torch.tanh(x + t / 1000)
        eps = (x - math.sqrt(abar) * xstart) / math.sqrt(1 - abar)
        return Prediction(eps, xstart, score_shift=0.1 * torch.sin(3 * x))

    return denoise


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("repeats", [1, 2])
def test_sampling_goes_on_from_any_state_to_the_same_bits(schedule, method, repeats):
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = plan_transitions(respace(1000, 6), repeats=repeats, repeat_from=700, repeat_to=300)
    denoise, options = shrinking(schedule), {"eta": 0.7, "clip": True}
    out, steps = run(schedule, denoise, x, method, plan, **options)
    for step in steps[:-1]:
        again, rest = run(schedule, denoise, step.state, method, plan, **options)
        assert [s.index for s in rest] == list(range(step.index + 1, len(plan)))
        assert torch.equal(again, out)


def test_state_without_its_history_is_noticed(schedule):
    """The test above would fail if the solver's memory were lost."""
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    plan = plan_transitions(respace(1000, 6))
    out, steps = run(schedule, shrinking(schedule), x, "dpmpp_2m", plan)
    forgetful = SamplingState(3, steps[2].x)
    assert not torch.equal(run(schedule, shrinking(schedule), forgetful, "dpmpp_2m", plan)[0], out)
