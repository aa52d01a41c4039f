"""Fréchet distance between two sets of features: FID of pictures, FVD of clips."""

from __future__ import annotations

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance of the Gaussians that fit two sets of features.

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), with unbiased covariances C (Heusel et al. 2017, arXiv 1706.08500,
    equation 6). With the centred features A and B over root N - 1 and root M - 1, C_a = A^T A and C_b = B^T B, and the trace of
    the root is the sum of the singular values of A B^T. That matrix is N x M for any number of features, and no
    root of a singular covariance is taken, so fewer pictures than features cause no numerical trouble. But the figure is
    biased upwards for few pictures: compare only sets of equal sizes.

    Shape:
        ``a``: ``[N, D]``; ``b``: ``[M, D]``, N and M at least 2.
    """
    (mean_a, spread_a), (mean_b, spread_b) = _moments(a), _moments(b)
    root = torch.linalg.svdvals(spread_a @ spread_b.T).sum()
    trace = spread_a.square().sum() + spread_b.square().sum() - 2 * root
    return float((mean_a - mean_b).square().sum() + trace)


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    mean = features.double().mean(0)
    return mean, (features.double() - mean) / (len(features) - 1) ** 0.5
