"""Choosing a few frames of many."""

from __future__ import annotations


def spread(count: int, wanted: int) -> list[int]:
    """Pick ``wanted`` (or all) of ``count`` indices, spread evenly; of one, the middle."""
    wanted = max(1, min(count, wanted))
    return [int((i + 0.5) * count / wanted) for i in range(wanted)]
