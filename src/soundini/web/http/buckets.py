"""Token buckets: how often somebody may ask."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST = 4096
"""Names that are remembered; the fullest, which restrain nobody, are forgotten first."""


class TokenBuckets:
    """A bucket for each name, which fills steadily and is emptied by use; for one thread.

    Args:
        rate: tokens a second.
        size: tokens that a full bucket holds.
        clock: seconds that never run back.
    """

    def __init__(
        self, rate: float, size: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> bool:
        """Take a token, where there is one."""
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
