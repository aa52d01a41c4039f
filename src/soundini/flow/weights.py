"""Random weights for networks whose own weights are missing."""

import math

import torch
from torch import Tensor, nn


def random_state(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """Draw weights for a network (which may be on meta) from ``seed`` alone; norms do nothing."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in network.state_dict().items():
        if value.dim() > 1:
            spread = 1 / math.sqrt(value[0].numel())
            state[name] = torch.randn(value.shape, generator=generator) * spread
        elif name.endswith("bias") or name.endswith("running_mean"):
            state[name] = torch.zeros(value.shape)
        elif value.dim() == 0:
            state[name] = torch.zeros((), dtype=value.dtype)
        else:
            state[name] = torch.ones(value.shape)
    return state
