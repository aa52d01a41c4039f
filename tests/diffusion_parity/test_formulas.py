"""Respacing, the DDPM posterior and the learned-range variance against formulas in float64."""

import numpy as np
import pytest
import torch

from soundini.diffusion.sampling import sample
from soundini.diffusion.schedule import plan_transitions, respace


@pytest.mark.parametrize("steps", [2, 25, 50, 75, 100, 250, 500, 1000])
def test_respacing_is_guided_diffusions(steps):
    # the original adds the stride up, which may fall on the other side of an exact half (999 steps)
    taken, position = [], 0.0
    for _ in range(steps):
        taken.append(round(position))
        position += 999 / (steps - 1)
    assert respace(1000, steps) == taken


def test_the_schedule_holds_the_products_of_what_is_kept(betas, schedule):
    kept = respace(1000, 75)
    abar = np.cumprod(1 - betas)[kept]
    assert [schedule.abar(t) for t in kept] == pytest.approx(abar.tolist(), rel=1e-12)


def _posterior(betas, kept, i, xstart, x):
    """Mean and log-variance bounds of q(x_{i-1} | x_i, x_0) on the respaced schedule."""
    abar = np.cumprod(1 - betas)[kept]
    before = np.append(1.0, abar[:-1])
    beta = 1 - abar / before
    variance = beta * (1 - before) / (1 - abar)
    mean = (
        beta[i] * np.sqrt(before[i]) / (1 - abar[i]) * xstart
        + (1 - before[i]) * np.sqrt(1 - beta[i]) / (1 - abar[i]) * x
    )
    return mean, np.log(variance[i]) if variance[i] else -np.inf, np.log(beta[i])


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("guided", [True, False])
def test_ddpm_step_is_the_posterior(betas, schedule, denoiser, start, learned, guided):
    shift = (lambda x, t: torch.cos(x) * 2) if guided else None
    denoise = denoiser(learned, shift)
    kept = respace(1000, 25)
    noise = torch.Generator().manual_seed(9)
    draws = {}

    def draw(stream):
        draws[stream] = torch.randn(start.shape, generator=noise, dtype=torch.float64)
        return draws[stream]

    x = start
    steps = sample(denoise, schedule, plan_transitions(kept), x, noise=draw, method="ddpm")
    for step in steps:
        i = len(kept) - 1 - step.index
        prediction = denoise(x, kept[i])
        mean, low, high = _posterior(betas, kept, i, prediction.pred_xstart.numpy(), x.numpy())
        if i:
            fraction = (prediction.variance_mix.numpy() + 1) / 2 if learned else 0.0
            variance = np.exp(fraction * high + (1 - fraction) * low)
            if guided:
                mean = mean + variance * prediction.score_shift.numpy()
            mean = mean + np.sqrt(variance) * draws[2 * step.index + 1].numpy()
        if i or not guided:
            assert np.allclose(step.x.numpy(), mean, rtol=1e-9, atol=1e-12)
        x = step.x
    assert step.t_next == -1
    assert len(draws) == len(kept) - 1


def test_forward_process_and_its_pieces_agree(schedule, start):
    # noising to t directly, or to s < t and on, gives the same mean and variance
    s, t = 100, 700
    zero, one = torch.zeros_like(start), torch.ones_like(start)
    through = schedule.renoise(schedule.q_sample(start, zero, s), zero, s, t)
    assert torch.allclose(through, schedule.q_sample(start, zero, t), rtol=1e-12)
    first = schedule.renoise(schedule.q_sample(zero, one, s), zero, s, t).square()
    second = schedule.renoise(zero, one, s, t).square()
    assert torch.allclose(first + second, schedule.q_sample(zero, one, t).square(), rtol=1e-12)
