"""Noise that moves with the scene."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.flow.pairs import FlowPairs


def carry_noise(noise: Tensor, fresh: Tensor, pairs: FlowPairs) -> Tensor:
    """Carry the first frame's noise along the flow; what comes into view is drawn anew.

    Noise is carried by the nearest pixel: interpolation would take its variance down.

    Args:
        noise: noise of every frame; only the first is used.
        fresh: independent noise of every frame, for what was hidden.
        pairs: flow between neighbours.

    Shape:
        ``noise``, ``fresh``: ``[T, 3, H, W]``; returns the same.
    """
    height, width = noise.shape[-2:]
    rows = torch.arange(height, device=noise.device, dtype=noise.dtype)
    columns = torch.arange(width, device=noise.device, dtype=noise.dtype)
    carried = [noise[:1]]
    for i in range(len(noise) - 1):
        flow = pairs.flow_bwd[i : i + 1]
        x = 2 * (columns[None, None, :] + flow[:, 0]) / max(width - 1, 1) - 1
        y = 2 * (rows[None, :, None] + flow[:, 1]) / max(height - 1, 1) - 1
        grid = torch.stack([x, y], -1)
        moved = F.grid_sample(
            carried[-1], grid, mode="nearest", padding_mode="border", align_corners=True
        )
        seen = pairs.visible_bwd[i : i + 1] > 0.5
        carried.append(torch.where(seen, moved, fresh[i + 1 : i + 2]))
    return torch.cat(carried)
