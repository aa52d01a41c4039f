"""What an edit needs to be resumed: finished windows, and the state of the running one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from soundini.diffusion.sampling import SamplingState
from soundini.editing.figures import WarpSums


@dataclass(frozen=True, eq=False)
class Patch:
    """The change of one native frame: the smallest rectangle that holds it.

    Args:
        x: left column.
        y: top row.
        rgb: the edited pixels, ``uint8``.

    Shape:
        ``rgb``: ``[h, w, 3]``; empty where nothing changed.
    """

    x: int
    y: int
    rgb: np.ndarray

    @classmethod
    def between(cls, source: np.ndarray, edited: np.ndarray) -> Patch:
        """Cut out where two frames differ, ``uint8 [H, W, 3]``."""
        differs = (source != edited).any(-1)
        rows, columns = (np.flatnonzero(differs.any(axis)) for axis in (1, 0))
        if not len(rows):
            return cls(0, 0, edited[:0, :0])
        y, x = int(rows[0]), int(columns[0])
        return cls(x, y, edited[y : rows[-1] + 1, x : columns[-1] + 1].copy())

    def laid_on(self, source: np.ndarray) -> np.ndarray:
        """Make the edited frame again."""
        height, width = self.rgb.shape[:2]
        out = source.copy()
        out[self.y : self.y + height, self.x : self.x + width] = self.rgb
        return out


@dataclass(frozen=True, eq=False)
class FinishedWindow:
    """A window that need not be sampled again.

    Args:
        patches: of every frame, faded from the window before where they overlap, not yet into the one after.
        losses: the guidance terms at their last step.
        warp: its share of the coherence figures.
        seconds: wall time of its sampling.
    """

    patches: Sequence[Patch]
    losses: Mapping[str, float]
    warp: WarpSums
    seconds: float


@dataclass(frozen=True, eq=False)
class RunningWindow:
    """A window in the middle of its sampling.

    Args:
        sampling: where the sampler stands.
        losses: the guidance terms at their last step so far.
        seconds: wall time of its sampling so far.
    """

    sampling: SamplingState
    losses: Mapping[str, float]
    seconds: float


class Keeper(Protocol):
    """Remembers windows by their number. What it gives back is what it was given, or None; it never guesses."""

    def finished(self, number: int) -> FinishedWindow | None:
        """The result of a finished window, or None."""
        ...

    def running(self, number: int) -> RunningWindow | None:
        """The state of a window that was begun, or None."""
        ...

    def keep_finished(self, number: int, window: FinishedWindow) -> None:
        """Remember a finished window; its running state is no longer needed."""
        ...

    def keep_running(self, number: int, window: RunningWindow) -> None:
        """Remember a state; it may be skipped if the last one is recent."""
        ...


class KeepsNothing:
    """The keeper of an edit that cannot be resumed."""

    def finished(self, number: int) -> None:
        """Nothing was kept."""

    def running(self, number: int) -> None:
        """Nothing was kept."""

    def keep_finished(self, number: int, window: FinishedWindow) -> None:
        """Forget it."""

    def keep_running(self, number: int, window: RunningWindow) -> None:
        """Forget it."""
