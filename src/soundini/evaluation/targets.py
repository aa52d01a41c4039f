"""The targets of the embedded models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SOUNDS_RIGHT = 0.75
"""Share of held-out windows of sounds that find their class."""

PICTURES_RIGHT = 0.65
"""Share of held-out pictures of effects that find theirs."""

RISES = {
    "fire": 0.5,
    "explosion": 0.25,
    "thunderstorm": 0.4,
    "rain": 0.3,
    "sea": 0.3,
    "river": 0.25,
    "snow_wind": 0.3,
    "underwater": 0.4,
}
"""By how much the probability of a sound's class rises in the edited region, on average."""

KEPT = {"fire": 0.25, "thunderstorm": 0.5, "rain": 0.5, "snow_wind": 0.5, "underwater": 0.5}
"""Correlation of fine luminance before and after, inside the region; sea, river and explosion may replace the scene."""

BY_CHANGE, BY_PROBABILITY = 0.9, 0.6
"""Rank correlation of gain with the region's change, and with the judge's probability, on average."""

WARP_RATIO = 1.5
"""Warp error of the edit, along the scene's or the effect's motion, as a multiple of the source's; at most."""

SEAM = 1.2
"""Change across the border of two windows, as a multiple of the change elsewhere; at most."""


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

    @property
    def shortfall(self) -> float:
        """How far the figure is from its bound, as a share of the bound; 0 where it holds."""
        missing = self.found - self.bound if self.most else self.bound - self.found
        return max(0.0, missing) / abs(self.bound)

    @property
    def words(self) -> str:
        """What must hold and what was found, in the middle of a sentence."""
        bound = f"{'at most' if self.most else 'at least'} {self.bound:.2f}"
        return f"{self.says[0].lower()}{self.says[1:]} ({self.found:.2f}; {bound} is wanted)"


def conclusion(targets: Sequence[Target]) -> str:
    """Sentences that sum up a table of targets, the worst first."""
    missed = sorted((t for t in targets if not t.met), key=lambda t: -t.shortfall)
    if not missed:
        return f"All {len(targets)} bounds are kept."
    kept = f"{len(targets) - len(missed)} of {len(targets)} bounds are kept."
    worst = f"The farthest from its bound: {missed[0].words}."
    if len(missed) == 1:
        return f"{kept} {worst}"
    return f"{kept} {worst} Also missed: {'; '.join(t.words for t in missed[1:])}."
