"""The teacher at low rank: what the embedded sound network begins as."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.joint.towers import LowRankConv, SoundNetwork
from soundini.training.aisfx import AiSFX

_POSITIONS = 200_000
"""Positions of a layer's output that a layer is fitted on."""

_RIDGE = 1e-3


@torch.no_grad()
def compress(teacher: AiSFX, network: SoundNetwork, windows: Tensor, seed: int = 0) -> None:
    """Make a network of low rank say what the teacher says, layer by layer, from data alone.

    Of all maps of its rank, a layer gets the one whose output on what reaches it here is nearest to the teacher's output
    at that layer, in the least squares; errors of the layers below are so made good, not passed on (the asymmetric
    reconstruction of Zhang et al. 2015, arXiv 1505.06798). Batch norm goes into the weights.

    Args:
        teacher: the network that is copied.
        network: of the teacher's widths; its weights are written in place.
        windows: log-mel, some dozens.
        seed: which positions are fitted on.

    Shape:
        ``windows``: ``[B, time, mel]``.
    """
    generator = torch.Generator().manual_seed(seed)
    wanted = mine = windows[:, None]
    folded = [_folded(conv, norm) for conv, norm in teacher.layers()]
    for number, (conv, (weight, bias)) in enumerate(zip(network.convs, folded, strict=True)):
        target = F.conv2d(wanted, weight, bias, padding=1)
        if isinstance(conv, LowRankConv):
            given = F.conv2d(mine, weight, padding=1)
            chosen = torch.randperm(given[:, 0].numel(), generator=generator)[:_POSITIONS]
            rows = [x.permute(0, 2, 3, 1).flatten(0, 2)[chosen] for x in (given, target)]
            down, up, offset = _reduced_rank(rows[0], rows[1], conv.narrow.out_channels)
            conv.narrow.weight.copy_(torch.einsum("oikl,or->rikl", weight, down))
            conv.wide.weight.copy_(up.T[:, :, None, None])
            assert conv.wide.bias is not None
            conv.wide.bias.copy_(offset)
        else:
            assert isinstance(conv, nn.Conv2d)
            assert conv.bias is not None
            conv.weight.copy_(weight)
            conv.bias.copy_(bias)
        wanted, mine = F.relu(target), F.relu(conv(mine))
        if number in (1, 3, 5):
            wanted, mine = F.max_pool2d(wanted, 2), F.max_pool2d(mine, 2)


def _reduced_rank(x: Tensor, y: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Reduced-rank regression, y = x · down · up + offset: ``[C, rank]``, ``[rank, D]`` and ``[D]``."""
    x_mean, y_mean = x.mean(0), y.mean(0)
    x, y = x - x_mean, y - y_mean
    covariance = x.T @ x
    ridge = _RIDGE * covariance.diagonal().mean() * torch.eye(len(covariance))
    whole = torch.linalg.solve(covariance + ridge, x.T @ y)
    said = x @ whole
    up = torch.linalg.eigh(said.T @ said).eigenvectors.flip(1)[:, :rank]
    down = whole @ up
    return down, up.T, y_mean - x_mean @ down @ up.T


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with its batch norm."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return conv.weight * scale.view(-1, 1, 1, 1), norm.bias - norm.running_mean * scale
