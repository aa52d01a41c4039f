"""RAFT's refinement (Teed and Deng, ECCV 2020, section 3): rounds of looking up correlations and moving the flow.

It runs torchvision's modules on features that are there already, so that a frame is encoded once for all its pairs. Nothing
is copied from the CPU in between, so that a GPU is never waited for.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CELL = 8
"""Pixels of a side for which RAFT finds one vector."""


def refine(network: Any, here: Tensor, there: Tensor, context: Tensor, iterations: int) -> Tensor:
    """Find the flow between frames from their features, as torchvision's network does; only the last round's is enlarged.

    Args:
        network: torchvision's RAFT.
        here: features of the frames where the flow begins.
        there: features of those where it ends.
        context: what the context encoder says of the former.
        iterations: rounds.

    Shape:
        ``here``, ``there``: ``[B, C, h, w]``; returns ``[B, 2, 8 h, 8 w]``.
    """
    block, radius = network.update_block, network.corr_block.radius
    pyramid = _correlations(here, there, network.corr_block.num_levels)
    hidden, seen = context.tensor_split([block.hidden_state_size], dim=1)
    hidden, seen = torch.tanh(hidden), F.relu(seen)
    start = _grid(here)
    place = start
    for _ in range(iterations):
        place = place.detach()  # as in the paper, no gradient runs through where is looked
        found = _look_up(pyramid, place, radius)
        hidden, step = block(hidden, seen, found, place - start)
        place = place + step
    mask = None if network.mask_predictor is None else network.mask_predictor(hidden)
    return _enlarge(place - start, mask)


def _correlations(here: Tensor, there: Tensor, levels: int) -> list[Tensor]:
    """Scalar products of every cell with every other, then means over ever larger cells of ``there``.

    Shape:
        returns ``[B * h * w, 1, h / 2^k, w / 2^k]`` for each level k.
    """
    products = here.flatten(2).transpose(1, 2) @ there.flatten(2) / math.sqrt(here.shape[1])
    pyramid = [products.reshape(-1, 1, *here.shape[-2:])]
    while len(pyramid) < levels:
        pyramid.append(F.avg_pool2d(pyramid[-1], 2))
    return pyramid


def _look_up(pyramid: list[Tensor], place: Tensor, radius: int) -> Tensor:
    """Read the correlations around where each cell is thought to be, in every level.

    Shape:
        ``place``: ``[B, 2, h, w]``, x and y; returns ``[B, levels * (2 radius + 1)^2, h, w]``.
    """
    count, _, height, width = place.shape
    reach = torch.arange(-radius, radius + 1, device=place.device, dtype=place.dtype)
    # x changes from row to row of what is read: RAFT was trained so
    around = torch.stack(torch.meshgrid(reach, reach, indexing="ij"), dim=-1)
    centre = place.permute(0, 2, 3, 1).reshape(-1, 1, 1, 2)
    found = []
    for volume in pyramid:
        x, y = (centre + around).unbind(-1)
        sides = (volume.shape[-1], volume.shape[-2])
        unit = [2 * axis / (side - 1) - 1 for axis, side in zip((x, y), sides, strict=True)]
        read = F.grid_sample(volume, torch.stack(unit, dim=-1), align_corners=True)
        found.append(read.view(count, height, width, -1))
        centre = centre / 2
    return torch.cat(found, dim=-1).permute(0, 3, 1, 2).contiguous()


def _grid(like: Tensor) -> Tensor:
    """Where each cell is, x and y: ``[B, 2, h, w]``."""
    count, _, height, width = like.shape
    x, y = (torch.arange(n, device=like.device, dtype=like.dtype) for n in (width, height))
    return torch.stack(torch.meshgrid(x, y, indexing="xy")).expand(count, -1, -1, -1)


def _enlarge(flow: Tensor, mask: Tensor | None) -> Tensor:
    """Bring a flow to eight times the size: a weighted mean of the nine cells around, or bilinearly without weights.

    Shape:
        ``flow``: ``[B, 2, h, w]``; ``mask``: ``[B, 9 * 64, h, w]``; returns ``[B, 2, 8 h, 8 w]``.
    """
    height, width = flow.shape[-2:]
    size = (CELL * height, CELL * width)
    if mask is None:
        return CELL * F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    weights = mask.unflatten(1, (9, CELL, CELL)).softmax(1)
    cells = F.unfold(CELL * flow, 3, padding=1).unflatten(1, (2, 9)).unflatten(-1, (height, width))
    return torch.einsum("bkrcyx,bdkyx->bdyrxc", weights, cells).reshape(-1, 2, *size)
