import pytest
import torch

from soundini.guidance.context import GuidanceContext


@pytest.fixture
def context():
    def make(xstart, t=500, seed=0):
        return GuidanceContext(
            x=xstart,
            pred_xstart=xstart,
            x_in=xstart,
            t=t,
            num_timesteps=1000,
            generator=torch.Generator().manual_seed(seed),
        )

    return make
