"""The networks that take a clip apart into two pictures, where each pixel lies on them, and which of them it shows."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DOMAIN = 1.5
"""An atlas spans [-DOMAIN, DOMAIN] either way; the window's frame spans [-1, 1] along its longer side."""

_LEVELS = (12, 24, 48, 96, 192)
_FEATURES = 4


class Frequencies(nn.Module):
    """Coordinates with their sines and cosines: ``sin(2^k pi p), cos(2^k pi p)`` for k from 0 (NeRF, arXiv 2003.08934, eq. 4).

    Args:
        dims: coordinates of a point.
        octaves: how many frequencies, 0 or more.

    Shape:
        ``[N, dims]`` -> ``[N, width]``.
    """

    factors: Tensor

    def __init__(self, dims: int, octaves: int) -> None:
        super().__init__()
        self.width = dims * (1 + 2 * octaves)
        self.register_buffer("factors", math.pi * 2.0 ** torch.arange(octaves), persistent=False)

    def forward(self, points: Tensor) -> Tensor:
        """Encode points."""
        angles = (points[..., None] * self.factors).flatten(1)
        return torch.cat([points, angles.sin(), angles.cos()], dim=1)


class FeatureGrids(nn.Module):
    """Learned features of a plane at several resolutions (Mueller et al. 2022, arXiv 2201.05989; small enough to need no hash).

    Args:
        levels: nodes along a side of each grid, coarse to fine.
        features: numbers at a node.
        generator: draws the initial values, uniform in ±0.01.

    Shape:
        ``[N, 2]`` in [-1, 1] (what lies beyond takes the border's) -> ``[N, width]``.
    """

    def __init__(self, levels: Sequence[int], features: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width = len(levels) * features
        self.grids = nn.ParameterList(
            0.02 * torch.rand(1, features, side, side, generator=generator) - 0.01
            for side in levels
        )

    def forward(self, positions: Tensor) -> Tensor:
        """Look features up, bilinearly."""
        where = positions[None, :, None]
        found = [
            F.grid_sample(grid, where, padding_mode="border", align_corners=True)
            for grid in self.grids
        ]
        return torch.cat(found, dim=1)[0, :, :, 0].T


def perceptron(
    widths: Sequence[int], generator: torch.Generator, *, zero: bool = False
) -> nn.Sequential:
    """Layers of those widths with ReLU between them, Kaiming-uniform weights and no bias to begin with.

    Args:
        widths: of the input, of the hidden layers, of the output.
        generator: draws the weights.
        zero: the output is 0 everywhere to begin with.
    """
    layers: list[nn.Module] = []
    for number, (fan_in, fan_out) in enumerate(pairwise(widths), 2):
        # A plain nn.Linear would draw its first weights from the global random state.
        layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        assert isinstance(layer, nn.Linear)
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
        nn.init.zeros_(layer.bias)
        if zero and number == len(widths):
            nn.init.zeros_(layer.weight)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Mapping(nn.Module):
    """Where a point of the clip lies on an atlas: ``(u, v) = (x, y) + displacement(x, y, t)``.

    The paper trains its mappings to the identity before anything else. Here the displacement's last layer is zero to begin
    with, so they are the identity, and what is learnt is the motion.

    Shape:
        ``[N, 3]`` -> ``[N, 2]``.
    """

    def __init__(self, octaves: int, generator: torch.Generator) -> None:
        super().__init__()
        self.encode = Frequencies(3, octaves)
        self.displace = perceptron((self.encode.width, 64, 64, 64, 2), generator, zero=True)

    def forward(self, points: Tensor) -> Tensor:
        """Map points."""
        return points[:, :2] + self.displace(self.encode(points))


class Alpha(nn.Module):
    """How much of the foreground a point shows, in (0, 1); a half everywhere to begin with.

    Shape:
        ``[N, 3]`` -> ``[N, 1]``.
    """

    def __init__(self, octaves: int, generator: torch.Generator) -> None:
        super().__init__()
        self.encode = Frequencies(3, octaves)
        self.show = perceptron((self.encode.width, 64, 64, 64, 1), generator, zero=True)

    def forward(self, points: Tensor) -> Tensor:
        """Tell how much of the foreground is seen."""
        return self.show(self.encode(points)).sigmoid()


class Atlas(nn.Module):
    """The colours of a layer, in (-1, 1).

    Shape:
        ``[N, 2]`` in [-DOMAIN, DOMAIN] -> ``[N, 3]``.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.encode = FeatureGrids(_LEVELS, _FEATURES, generator)
        self.paint = perceptron((self.encode.width, 64, 64, 3), generator)

    def forward(self, positions: Tensor) -> Tensor:
        """Look colours up."""
        return self.paint(self.encode(positions / DOMAIN)).tanh()


class LayeredAtlases(nn.Module):
    """A clip as a foreground that moves over a background, each a still picture.

    The background's mapping has fewer frequencies than the foreground's: cameras move it, and it bends less (as in the paper,
    whose network for it is the smaller one).

    Args:
        seed: names the initial values.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.foreground_mapping = Mapping(2, generator)
        self.background_mapping = Mapping(1, generator)
        self.alpha = Alpha(5, generator)
        self.foreground = Atlas(generator)
        self.background = Atlas(generator)
