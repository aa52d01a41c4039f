"""Kernel inception distance, on the features of another network."""

from __future__ import annotations

from torch import Tensor


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
