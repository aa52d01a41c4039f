"""The fitted layers, asked once for every pixel of the window."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from soundini.baselines.layered_atlases.clip_points import ClipPoints
from soundini.baselines.layered_atlases.networks import LayeredAtlases


@dataclass(frozen=True)
class Layout:
    """Where every pixel lies on the atlases, and which of them it shows.

    Args:
        foreground: positions on the foreground's atlas.
        background: positions on the background's atlas.
        alpha: share of the foreground in what the pixel shows.
        pixel: distance of neighbouring pixels of a frame, in the units of the positions.

    Shape:
        positions: ``[T, H, W, 2]``; ``alpha``: ``[T, H, W]``.
    """

    foreground: Tensor
    background: Tensor
    alpha: Tensor
    pixel: float

    def layers(self) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Positions and shares of the foreground, and of the background."""
        return (self.foreground, self.alpha), (self.background, 1 - self.alpha)


@torch.no_grad()
def lay_out(layers: LayeredAtlases, points: ClipPoints) -> Layout:
    """Map every pixel of every frame."""
    size = (points.height, points.width)
    grids = [points.grid(frame) for frame in range(points.frames)]
    return Layout(
        torch.stack([layers.foreground_mapping(g).view(*size, 2) for g in grids]),
        torch.stack([layers.background_mapping(g).view(*size, 2) for g in grids]),
        torch.stack([layers.alpha(g).view(size) for g in grids]),
        points.step,
    )


@torch.no_grad()
def reconstruct(layers: LayeredAtlases, layout: Layout) -> Tensor:
    """The frames as the layers show them: ``alpha F(u_f) + (1 - alpha) B(u_b)``; ``[T, 3, H, W]`` in [-1, 1]."""
    frames = []
    for foreground, background, alpha in zip(
        layout.foreground, layout.background, layout.alpha, strict=True
    ):
        share = alpha.reshape(-1, 1)
        front, back = foreground.reshape(-1, 2), background.reshape(-1, 2)
        colours = share * layers.foreground(front) + (1 - share) * layers.background(back)
        frames.append(colours.T.view(3, *alpha.shape))
    return torch.stack(frames)
