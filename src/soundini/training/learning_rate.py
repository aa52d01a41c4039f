"""The schedule of the learning rate."""

from __future__ import annotations

import math


def lr_factor(step: int, steps: int, *, warmup: int, decay: float) -> float:
    """Factor on the peak learning rate: a linear rise, a plateau, and half a cosine down to zero.

    Args:
        step: optimiser steps done, 0 to ``steps - 1``.
        steps: in all.
        warmup: steps of the rise, at least 1.
        decay: share of the steps, at the end, over which it falls, 0 to 1.
    """
    falling = steps * decay
    tail = (steps - step) / falling if falling > 0 else 1.0
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 - math.cos(math.pi * min(1.0, tail)))
