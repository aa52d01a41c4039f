"""Progress of a running edit: steps, time left, and preview."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from soundini.events import (
    EditDone,
    EditEvent,
    FileDone,
    FitStepDone,
    MaskMade,
    MasksReady,
    StepDone,
)
from soundini.web.views import SavedMessage, Summary

if TYPE_CHECKING:
    import numpy as np


_SECONDS_BETWEEN_MASKS = 0.25


@dataclass(frozen=True)
class WindowShown:
    """The next window begins.

    Args:
        frame: number in the video of the frame that they show.
        box: where in it the edit lies: left, top, width and height as shares of the frame.
    """

    frame: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class SoundFollowed:
    """How closely a finished edit follows its sound.

    Args:
        correlation: see :class:`soundini.web.jobs.running.FollowMeter`.
    """

    correlation: float | None


JobStep = EditEvent | WindowShown | SoundFollowed
"""What happens while a job runs."""


@dataclass
class Progress:
    """Follows the events of one attempt at an edit.

    Args:
        step: steps done, earlier attempts included.
        steps: steps in all; 0 until they are known.
        losses: guidance terms at the last step.
        masks: share of the masks that are made, 0 to 1; None where nobody knows.
        preview: the middle frame of the window as it forms, ``uint8 [H, W, 3]``.
        place: where the preview lies.
        summary: of the finished edit, or None.
    """

    step: int = 0
    steps: int = 0
    losses: Mapping[str, float] = field(default_factory=dict)
    masks: float | None = None
    preview: np.ndarray | None = None
    place: WindowShown | None = None
    summary: Summary[SavedMessage] | None = None
    _began: tuple[float, int] | None = None
    _last: float = 0.0
    _told: float = 0.0
    _end: EditDone | None = None
    _follows: float | None = None

    def take(self, event: JobStep) -> bool:
        """Record an event; True if there is something new to show."""
        if isinstance(event, MaskMade):
            return self._mask(event)
        if isinstance(event, WindowShown):
            self.place, self.preview = event, None
        elif isinstance(event, MasksReady):
            self.steps = event.steps
        elif isinstance(event, FitStepDone):
            self.losses = event.losses
        elif isinstance(event, StepDone):
            self._time(event)
            self.step, self.steps, self.losses = event.step, event.total, event.losses
            self.preview = event.preview
        elif isinstance(event, EditDone):
            self._end = event
        elif isinstance(event, SoundFollowed):
            self._follows = event.correlation
        elif isinstance(event, FileDone):
            self.summary = self._summarised(event)
        else:
            return False
        return True

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the pace so far; None before the second step of this attempt."""
        if self._began is None or self.step <= self._began[1]:
            return None
        if self.step >= self.steps:
            return 0.0
        since, before = self._began
        pace = (self._last - since) / (self.step - before)
        return max(0.0, pace * (self.steps - self.step) - (time.monotonic() - self._last))

    def _mask(self, event: MaskMade) -> bool:
        """Record a mask; True a few times a second at most."""
        if event.total is None or time.monotonic() - self._told < _SECONDS_BETWEEN_MASKS:
            return False
        self._told = time.monotonic()
        self.masks = min(1.0, event.frames / event.total)
        return True

    def _time(self, event: StepDone) -> None:
        self._last = time.monotonic()
        if self._began is None:  # when the step before was done is not known: counting begins here
            self._began = self._last, event.step

    def _summarised(self, done: FileDone) -> Summary[SavedMessage]:
        end = self._end
        assert end is not None
        return Summary[SavedMessage](
            frames=end.frames,
            seconds=end.seconds,
            temporal=None if end.temporal is None else end.temporal.ratio,
            flicker=None if end.temporal is None else end.temporal.excess,
            follows=self._follows,
            seams=None if end.seams is None else end.seams.ratio,
            seam_step=None if end.seams is None else end.seams.border - end.seams.elsewhere,
            losses=dict(end.losses),
            warnings=done.warnings,
        )
