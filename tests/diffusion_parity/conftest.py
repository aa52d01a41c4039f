import math

import numpy as np
import pytest
import torch

from soundini.diffusion.denoiser import Prediction
from soundini.diffusion.schedule import NoiseSchedule

BETAS = np.linspace(1e-4, 0.02, 1000)


@pytest.fixture(scope="session")
def betas() -> np.ndarray:
    """The linear schedule of the official models, float64."""
    return BETAS


@pytest.fixture(scope="session")
def schedule() -> NoiseSchedule:
    return NoiseSchedule(torch.from_numpy(np.cumprod(1 - BETAS)))


@pytest.fixture(scope="session")
def network():
    """A network of one line: eps depends on x and t, v covers more than [-1, 1]."""

    def run(x, t, learned=True):
        eps = 0.9 * torch.tanh(1.5 * x + math.sin(t / 50))
        return torch.cat([eps, 1.3 * torch.cos(2 * x)], 1) if learned else eps

    return run


@pytest.fixture(scope="session")
def denoiser(schedule, network):
    """The same network as a ``Denoise``, computed by hand in the dtype of x."""

    def make(learned=True, shift=None):
        def denoise(x, t):
            out = network(x, t, learned)
            abar = schedule.abar(t)
            eps, mix = (out[:, :3], out[:, 3:]) if learned else (out, None)
            xstart = (x - (1 - abar) ** 0.5 * eps) / abar**0.5
            return Prediction(eps, xstart, mix, None if shift is None else shift(x, t))

        return denoise

    return make


@pytest.fixture
def start() -> torch.Tensor:
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
