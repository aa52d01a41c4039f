"""Confidence intervals of means over a few items."""

from collections.abc import Sequence

import numpy as np


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, draws: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the mean over items drawn again and again with replacement (Efron 1979).

    For a single item both ends are that item, which says nothing about others.

    Args:
        values: one for each item, at least one.
        confidence: share of the drawn means that lie inside, above 0 and below 1.
        draws: how often all items are drawn.
        seed: of the draws.
    """
    found = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(found), (draws, len(found)))
    low, high = np.quantile(found[drawn].mean(1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
