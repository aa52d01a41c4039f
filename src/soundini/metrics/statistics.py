"""Statistics of a few figures: confidence of a mean, and whether two curves follow each other."""

from collections.abc import Sequence

import numpy as np


def peaks(values: np.ndarray) -> np.ndarray:
    """Frames at which a curve is larger than before and not smaller than after, and above its mean; ``[N]`` -> ``[peaks]``."""
    if len(values) < 3:
        return np.zeros(0, int)
    inner = values[1:-1]
    higher = (inner > values[:-2]) & (inner >= values[2:]) & (inner > values.mean())
    return np.flatnonzero(higher) + 1


def peak_alignment(heard: np.ndarray, seen: np.ndarray, reach: int = 1) -> float | None:
    """AV-Align: the share of all peaks that have a peak of the other curve within ``reach`` frames.

    (Matched peaks of both) / (peaks of both), which is 1 if every peak has a partner (Yariv et al. 2024, arXiv 2309.16429,
    section 5). The paper takes onsets and optical flow; here, any curves.

    Args:
        heard: a curve of the sound, such as its loudness at each frame.
        seen: a curve of the picture, such as the change in the region.
        reach: frames by which two peaks may be apart.

    Returns:
        0 to 1, or None where neither has a peak.

    Shape:
        ``heard``, ``seen``: ``[N]``.
    """
    a, b = peaks(heard), peaks(seen)
    if len(a) + len(b) == 0:
        return None
    if len(a) == 0 or len(b) == 0:
        return 0.0
    near = np.abs(a[:, None] - b[None]) <= reach
    return float((near.any(1).sum() + near.any(0).sum()) / (len(a) + len(b)))


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rho, with mean ranks for ties; 0 if either never changes.

    Shape:
        ``a``, ``b``: ``[N]``.
    """
    x, y = _ranks(a), _ranks(b)
    spread = x.std() * y.std()
    return float(((x - x.mean()) * (y - y.mean())).mean() / spread) if spread > 0 else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


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
