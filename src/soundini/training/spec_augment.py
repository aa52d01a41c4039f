"""SpecAugment (Park et al. 2019, arXiv 1904.08779): parts of a spectrogram blanked."""

from __future__ import annotations

import numpy as np
from torch import Tensor


def spec_augment(
    columns: Tensor,
    rng: np.random.Generator,
    *,
    masks: int,
    max_frequency: float,
    max_time: float,
) -> Tensor:
    """Blank random bands of frequency and spans of time.

    Args:
        columns: spectrogram; 0 is silence.
        rng: where the choices come from.
        masks: how many bands, and how many spans; they may overlap.
        max_frequency: widest band, share of the rows, 0 to 1.
        max_time: longest span, share of the columns, 0 to 1.

    Shape:
        ``columns``: ``[mel, columns]``; returns a copy.
    """
    out = columns.clone()
    for _ in range(masks):
        out[_span(out.shape[0], max_frequency, rng)] = 0
        out[:, _span(out.shape[1], max_time, rng)] = 0
    return out


def _span(total: int, share: float, rng: np.random.Generator) -> slice:
    length = int(rng.uniform(0, share) * total)
    start = int(rng.integers(total - length + 1))
    return slice(start, start + length)
