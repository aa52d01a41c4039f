"""Token buckets, which limit the rate of requests."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST = 4096
"""Buckets that are kept; the fullest restrain nobody and are dropped first."""


class TokenBuckets:
    """A token bucket for each name; not for several threads at once.

    Args:
        rate: tokens a second.
        size: tokens that a full bucket holds.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self, rate: float, size: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> bool:
        """Take a token if there is one."""
        level = self.level(name)
        if level < 1:
            return False
        self._levels[name] = level - 1, self._clock()
        if len(self._levels) > _MOST:
            fullest = sorted(self._levels, key=self.level, reverse=True)
            for other in fullest[: _MOST // 2]:
                del self._levels[other]
        return True

    def level(self, name: str) -> float:
        """Tokens that are there now."""
        now = self._clock()
        level, since = self._levels.get(name, (self._size, now))
        return min(self._size, level + (now - since) * self._rate)
