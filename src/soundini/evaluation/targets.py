"""What must hold of the embedded models."""

from __future__ import annotations

from dataclasses import dataclass

SOUNDS_RIGHT = 0.75
"""Share of held-out windows of sounds that find their class."""

PICTURES_RIGHT = 0.65
"""Share of held-out pictures of effects that find theirs."""

RISES = {"fire": 0.4}
"""By how much the probability of a sound's class rises in the edited region, on average."""

RISE = 0.25
"""The same, of classes that :data:`RISES` does not name."""

CORRELATION = 0.6
"""Rank correlation of gain and effect, on average."""

KID_SHARE = 0.5
"""Kernel distance of the prior's samples, as a share of the baseline's; at most."""


@dataclass(frozen=True)
class Target:
    """Something that must hold, and what was found.

    Args:
        says: what.
        bound: the least that is enough, or the most that is allowed.
        found: the figure.
        most: whether the bound is the most.
    """

    says: str
    bound: float
    found: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return self.found <= self.bound if self.most else self.found >= self.bound
