"""The part of the atlases that the region shows, as one picture that can be edited, and the way back into the frames."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.baselines.layered_atlases.clip_points import ClipPoints
from soundini.baselines.layered_atlases.networks import DOMAIN, LayeredAtlases

_SEEN = 0.1
"""A layer is in the region where at least this share of a masked pixel is of it."""

_COVERS = 0.25
"""An edit that changes the picture by this much, in units of [-1, 1], covers what was there."""


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


@dataclass(frozen=True)
class Crop:
    """A rectangle of the atlases' plane, as pixels.

    Args:
        centre: ``(u, v)``.
        pixel: distance of neighbouring pixels.
        size: height and width in pixels.
    """

    centre: tuple[float, float]
    pixel: float
    size: tuple[int, int]

    def positions(self) -> Tensor:
        """Where the pixels lie, row by row, ``[H W, 2]``."""
        height, width = self.size
        v = self.centre[1] + (torch.arange(height) - (height - 1) / 2) * self.pixel
        u = self.centre[0] + (torch.arange(width) - (width - 1) / 2) * self.pixel
        return torch.stack(
            [u.expand(height, width), v[:, None].expand(height, width)], dim=-1
        ).view(-1, 2)

    def pixels(self, positions: Tensor) -> Tensor:
        """Column and row, as fractions, of positions ``[..., 2]``."""
        height, width = self.size
        middle = positions.new_tensor([(width - 1) / 2, (height - 1) / 2])
        return (positions - positions.new_tensor(self.centre)) / self.pixel + middle

    def normalised(self, positions: Tensor) -> Tensor:
        """Positions as ``grid_sample`` takes them: -1 and 1 are the outermost pixels' centres."""
        height, width = self.size
        corner = positions.new_tensor([max(width - 1, 1), max(height - 1, 1)])
        return 2 * self.pixels(positions) / corner - 1

    def numbers(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Which pixel each position falls on, for those that fall on one, and which those are."""
        height, width = self.size
        column, row = self.pixels(positions).round().long().unbind(-1)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        return (row * width + column)[inside], inside


@dataclass(frozen=True)
class AtlasPicture:
    """What the region shows over the whole window, in one still picture.

    Args:
        crop: the part of the plane.
        picture: the foreground where it is seen, else the background, in [-1, 1].
        mask: the most that the mask covers of it in any frame, in [0, 1].

    Shape:
        ``picture``: ``[1, 3, H, W]``; ``mask``: ``[1, 1, H, W]``.
    """

    crop: Crop
    picture: Tensor
    mask: Tensor


def crop_region(layout: Layout, mask: Tensor, size: tuple[int, int], pad: float) -> Crop:
    """The smallest part of the plane, of the proportions of ``size``, that holds all that the mask shows.

    Args:
        layout: the pixels.
        mask: in [0, 1]; above 0 in some pixel.
        size: height and width in pixels of the picture.
        pad: context round it, as a share.

    Shape:
        ``mask``: ``[T, 1, H, W]``.
    """
    masked = mask[:, 0] > 0
    shown = [at[masked & (share >= _SEEN)] for at, share in layout.layers()]
    held = torch.cat(shown).clamp(-DOMAIN, DOMAIN)
    low, high = held.amin(0), held.amax(0)
    (u, v), (width, height) = ((low + high) / 2).tolist(), ((high - low) * (1 + 2 * pad)).tolist()
    pixel = max(height / (size[0] - 1), width / (size[1] - 1), layout.pixel / 4)
    return Crop((u, v), pixel, size)


@torch.no_grad()
def draw_picture(layers: LayeredAtlases, layout: Layout, mask: Tensor, crop: Crop) -> AtlasPicture:
    """Render the crop as it is seen.

    Both mappings start from the identity, so that the atlases lie over each other as the layers do in the frames, and one
    picture shows both: the foreground with the share that it has in the pixels that lie there.

    Args:
        layers: the fitted layers.
        layout: the pixels.
        mask: in [0, 1].
        crop: what to render.

    Shape:
        ``mask``: ``[T, 1, H, W]``.
    """
    radius = math.ceil(layout.pixel / crop.pixel)
    window = 2 * radius + 1
    places = crop.positions()
    size = (1, 3, *crop.size)
    seen, reached = [], []
    for at, share in layout.layers():
        numbers, inside = crop.numbers(at)
        count = torch.bincount(numbers, share[inside], minlength=len(places))
        seen.append(F.avg_pool2d(count.view(1, *crop.size), window, 1, radius))
        asked = torch.where(share >= _SEEN, mask[:, 0], 0.0)[inside]
        most = torch.zeros(len(places)).scatter_reduce(0, numbers, asked, "amax")
        reached.append(F.max_pool2d(most.view(1, *crop.size), window, 1, radius))
    front, back = seen
    share = front / (front + back).clamp(min=1e-6)
    foreground = layers.foreground(places).T.reshape(size)
    background = layers.background(places).T.reshape(size)
    picture = share * foreground + (1 - share) * background
    return AtlasPicture(crop, picture, torch.maximum(*reached)[None])


def lay_edit(drawn: AtlasPicture, edited: Tensor, frames: Tensor, layout: Layout) -> Tensor:
    """Carry the edit of the picture into every frame, by both layers: what is to be added to the frames.

    ``d(u) + o(u) (P(u) - x)``, each looked up bilinearly as ``alpha f(u_f) + (1 - alpha) f(u_b)``: d is edited minus unedited
    picture P, x the frame, and o how far the edit covers what was there (Text2LIVE paints a layer with an opacity for this),
    by the size of d nearby. Where nothing is edited, nothing changes; under a strong edit the picture alone is seen: d alone
    would leave the fine detail that P lacks standing out of it like a relief.

    Args:
        drawn: the picture, unedited.
        edited: the same, edited.
        frames: the source, in [-1, 1].
        layout: the pixels.

    Shape:
        ``edited``: ``[1, 3, h, w]``; ``frames``: ``[T, 3, H, W]``; returns the same.
    """
    change = edited - drawn.picture
    nearby = F.avg_pool2d(change.abs().amax(1, keepdim=True), 5, 1, 2, count_include_pad=False)
    maps = torch.cat([change, drawn.picture, (nearby / _COVERS).clamp(max=1)], dim=1)
    maps = maps.expand(len(frames), -1, -1, -1)
    found = sum(
        share[:, None] * F.grid_sample(maps, drawn.crop.normalised(at), align_corners=True)
        for at, share in layout.layers()
    )
    assert isinstance(found, Tensor)
    return found[:, :3] + found[:, 6:] * (found[:, 3:6] - frames)
