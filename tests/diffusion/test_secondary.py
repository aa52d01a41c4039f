"""The secondary model against a network written from its description, on the published keys."""

import math

import pytest
import torch
import torch.nn.functional as F

from soundini.diffusion.schedule import NoiseSchedule
from soundini.diffusion.secondary import SecondaryDenoiser
from soundini.weights.formats import find_format, recognise
from soundini.weights.writing import random_tensors


@pytest.fixture(scope="module")
def state():
    return dict(random_tensors(find_format("secondary").layout(), 2))


@pytest.fixture(scope="module")
def secondary(state):
    return SecondaryDenoiser.from_state(state)


def _plain(state, x, alpha, sigma):
    """Katherine Crowson's secondary model, second version: x_0 from v."""

    def conv(h, name):
        return F.conv2d(h, state[f"{name}.0.weight"], state[f"{name}.0.bias"], padding=1).relu()

    def below(h, name, depth):
        h = F.avg_pool2d(h, 2)
        h = conv(conv(h, f"{name}.1"), f"{name}.2")
        if depth:
            inner = below(h, f"{name}.3.main", depth - 1)
            h = conv(conv(torch.cat([inner, h], 1), f"{name}.4"), f"{name}.5")
        else:
            h = conv(conv(h, f"{name}.3"), f"{name}.4")
        return F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)

    t = math.atan2(sigma, alpha) / (math.pi / 2)
    angles = 2 * math.pi * t * state["timestep_embed.weight"].flatten()
    told = torch.cat([angles.cos(), angles.sin()])[None, :, None, None]
    h = torch.cat([x, told.expand(len(x), 16, *x.shape[2:])], 1)
    h = conv(conv(h, "net.0"), "net.1")
    h = conv(torch.cat([below(h, "net.2.main", 4), h], 1), "net.3")
    v = F.conv2d(h, state["net.4.weight"], state["net.4.bias"], padding=1)
    return alpha * x - sigma * v


@pytest.mark.parametrize("t", [0, 300, 990])
@torch.no_grad()
def test_equals_one_from_its_description(secondary, state, t):
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    schedule = NoiseSchedule(torch.cumprod(1 - betas, 0))
    x = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(3))
    abar = schedule.abar(t)
    expected = _plain(state, x, math.sqrt(abar), math.sqrt(1 - abar))
    found = secondary.estimate(schedule, x, t)
    assert found.shape == x.shape
    assert (found - expected).abs().max() < 1e-5 * max(1, expected.abs().max().item())
    assert t == 0 or (found - x * math.sqrt(abar)).abs().max() > 1e-2


def test_is_of_the_published_size(secondary, state):
    assert len(state) == 49
    assert sum(p.numel() for p in secondary.parameters()) == 13_841_547
    assert recognise(state).name == "secondary"
    assert secondary.stride == 32
