"""Distances between two sets of features: Fréchet (FID of pictures, FVD of clips) and kernel."""

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


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """Unbiased squared maximum mean discrepancy under k(x, y) = (x·y / D + 1)^3.

    The KID of Binkowski et al. 2018 (arXiv 1801.01401), equation 4, with another network: its values can be compared with
    each other, but not with published ones. It can be slightly negative.

    Shape:
        ``a``: ``[N, D]``; ``b``: ``[M, D]``, N and M at least 2.
    """

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x.double() @ y.double().T / x.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        k = kernel(x, x)
        return (k.sum() - k.diagonal().sum()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())
