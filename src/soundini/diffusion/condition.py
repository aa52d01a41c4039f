"""A condition besides the timestep: maps an embedding, such as a sound's, into the network."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

CONDITION_FILE = "condition.safetensors"


class ConditionEmbedding(nn.Module):
    """Maps a condition onto the timestep's embedding, to which it is added.

    A vector of zeros is the empty condition, one of unit length a full one. A fresh embedding adds nothing, so an
    unconditional network that is given it starts as what it was.

    Args:
        dim: length of a condition.
        time_dim: length of the network's timestep embedding.

    Shape:
        ``[B, dim]`` -> ``[B, time_dim]``.
    """

    def __init__(self, dim: int, time_dim: int) -> None:
        super().__init__()
        self.dim = dim
        with torch.device("meta"):  # draws nothing from the global random state
            self.inner = nn.Linear(dim, time_dim)
            self.outer = nn.Linear(time_dim, time_dim)
        chance = torch.Generator().manual_seed(0)
        # unit length in, unit variance out
        self.inner.weight = nn.Parameter(torch.empty(time_dim, dim).normal_(generator=chance))
        self.inner.bias = nn.Parameter(torch.zeros(time_dim))
        self.outer.weight = nn.Parameter(torch.zeros(time_dim, time_dim))
        self.outer.bias = nn.Parameter(torch.zeros(time_dim))

    @classmethod
    def from_folder(cls, folder: Path) -> ConditionEmbedding | None:
        """The embedding beside a denoiser, or None where the denoiser takes no condition."""
        path = folder / CONDITION_FILE
        if not path.exists():
            return None
        state = {k: v.float() for k, v in load_file(path).items()}
        time_dim, dim = state["inner.weight"].shape
        embedding = cls(dim, time_dim)
        embedding.load_state_dict(state)
        return embedding

    def forward(self, condition: Tensor) -> Tensor:
        """Embed a batch of conditions."""
        return self.outer(nn.functional.silu(self.inner(condition)))
