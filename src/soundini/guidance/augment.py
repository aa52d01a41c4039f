"""Views of the region of interest as the image encoder sees them."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class AugmentConfig:
    """Random affine views of a region.

    Args:
        views: how many views a step sees of each frame; the first is the plain region.
        min_scale: smallest side of a view, as a share of the region's.
        max_scale: largest side of a view, as a share of the region's.
        rotation: largest rotation in degrees, either way.
        shift: largest shift, as a share of the region's side, for views as large as the region.
    """

    views: int = 4
    min_scale: float = 0.5
    max_scale: float = 1.1
    rotation: float = 10.0
    shift: float = 0.1


def affine_views(
    images: Tensor,
    region: tuple[float, float, float, float],
    size: int,
    config: AugmentConfig,
    generator: torch.Generator,
) -> Tensor:
    """Cut the same random views out of every frame.

    All frames share a view's geometry, so that differences between frames are differences of content. The frames are
    average-pooled first where the views would shrink them, which keeps the sampling free of aliasing.

    Args:
        images: frames or masked frames.
        region: left, top, right, bottom of the region in pixels; a view is square, as large as the region's longer side.
        size: side of the views handed out.
        config: ranges.
        generator: where the choices come from (a CPU generator).

    Shape:
        ``images``: ``[T, C, H, W]``; returns ``[views, T, C, size, size]``.
    """
    count, _, height, width = images.shape
    left, top, right, bottom = region
    side = max(right - left, bottom - top)
    factor = max(1, int(side / size))
    pooled = F.avg_pool2d(images, factor, ceil_mode=True) if factor > 1 else images
    draw = torch.rand(4, config.views, generator=generator).double()
    low, high = math.log(config.min_scale), math.log(config.max_scale)
    scale = torch.exp(low + (high - low) * draw[0])
    angle = (2 * draw[1] - 1) * math.radians(config.rotation)
    # A small view may lie anywhere in the region; a large one moves by ``shift`` at most.
    reach = torch.maximum((1 - scale) / 2, torch.full_like(scale, config.shift))
    shift_x, shift_y = (2 * draw[2:] - 1) * reach
    scale[0], angle[0], shift_x[0], shift_y[0] = 1.0, 0.0, 0.0, 0.0
    centre_x, centre_y = (left + right) / width - 1, (top + bottom) / height - 1
    span_x, span_y = side / width, side / height
    theta = torch.zeros(config.views, 2, 3, dtype=torch.float64)
    theta[:, 0, 0] = scale * span_x * angle.cos()
    theta[:, 0, 1] = -scale * span_x * angle.sin()
    theta[:, 0, 2] = centre_x + 2 * shift_x * span_x
    theta[:, 1, 0] = scale * span_y * angle.sin()
    theta[:, 1, 1] = scale * span_y * angle.cos()
    theta[:, 1, 2] = centre_y + 2 * shift_y * span_y
    grids = F.affine_grid(
        theta.to(images, non_blocking=True),
        [config.views, images.shape[1], size, size],
        align_corners=False,
    )
    views = [
        F.grid_sample(
            pooled, grid.expand(count, -1, -1, -1), padding_mode="border", align_corners=False
        )
        for grid in grids
    ]
    return torch.stack(views)
