"""Whole sampling runs against diffusers' schedulers."""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler

from soundini.diffusion.sampling import sample
from soundini.diffusion.schedule import NoiseSchedule, plan_transitions, respace

LINEAR = {"num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02}


def _draws(shape):
    generator = torch.Generator().manual_seed(11)
    return lambda _: torch.randn(shape, generator=generator, dtype=torch.float64)


def _ours(denoise, schedule, timesteps, start, **settings):
    plan = plan_transitions(timesteps)
    noise = _draws(start.shape)
    return [step.x for step in sample(denoise, schedule, plan, start, noise=noise, **settings)]


def test_schedule_is_diffusers(schedule):
    built = NoiseSchedule.from_diffusers({**LINEAR, "beta_schedule": "linear"})
    # diffusers accumulates the product in float32
    assert torch.allclose(built.alphas_cumprod, schedule.alphas_cumprod, rtol=3e-5)


@pytest.mark.parametrize("variance", ["learned_range", "fixed_small"])
@pytest.mark.parametrize("steps", [10, 75])
def test_ddpm(denoiser, network, start, variance, steps):
    learned = variance == "learned_range"
    timesteps = respace(1000, steps)
    scheduler = DDPMScheduler(**LINEAR, variance_type=variance, clip_sample=False)
    scheduler.set_timesteps(timesteps=timesteps[::-1])
    schedule = NoiseSchedule(scheduler.alphas_cumprod.double())
    generator, x = torch.Generator().manual_seed(11), start
    theirs = []
    for t in scheduler.timesteps.tolist():
        x = scheduler.step(network(x, t, learned), t, x, generator=generator).prev_sample
        theirs.append(x)
    ours = _ours(denoiser(learned), schedule, timesteps, start, method="ddpm")
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim(denoiser, network, start, eta):
    scheduler = DDIMScheduler(**LINEAR, clip_sample=False, timestep_spacing="leading")
    scheduler.set_timesteps(20)
    schedule = NoiseSchedule(scheduler.alphas_cumprod.double())
    generator, x, theirs = torch.Generator().manual_seed(11), start, []
    for t in scheduler.timesteps.tolist():
        out = network(x, t, learned=False)
        x = scheduler.step(out, t, x, eta=eta, generator=generator).prev_sample
        theirs.append(x)
    timesteps = scheduler.timesteps.tolist()[::-1]
    ours = _ours(denoiser(False), schedule, timesteps, start, method="ddim", eta=eta)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-4)


# diffusers converts a tensor in a way that numpy 2 is about to forbid
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
@pytest.mark.parametrize("steps", [8, 20])
def test_dpmpp_2m(denoiser, network, start, steps):
    timesteps = respace(1000, steps)
    scheduler = DPMSolverMultistepScheduler(**LINEAR, timestep_spacing="linspace")
    scheduler.set_timesteps(timesteps=timesteps[::-1])
    schedule = NoiseSchedule(scheduler.alphas_cumprod.double())
    x, theirs = start, []
    for t in scheduler.timesteps.tolist():
        x = scheduler.step(network(x, t, learned=False), t, x).prev_sample
        theirs.append(x)
    ours = _ours(denoiser(False), schedule, timesteps, start, method="dpmpp_2m")
    assert torch.isfinite(theirs[-1]).all()
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-3)
