"""What long work reports while it runs: plain frozen records, nothing that prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from soundini.errors import Message

_LEVELS = 127.5
"""Grey levels of 255 to a unit of [-1, 1]."""


@dataclass(frozen=True)
class MaskMade:
    """One more frame has been read and has its mask; nothing is edited before all have.

    Args:
        frames: so far.
        total: frames of the part as its file promises them; None where it does not.
    """

    frames: int
    total: int | None


@dataclass(frozen=True)
class MasksReady:
    """The masks of the whole edit are measured and the work is planned.

    Args:
        frames: frames to be edited.
        windows: windows they are sampled in.
        steps: network evaluations in all (each over the frames of a window).
        size: height and width at the model.
    """

    frames: int
    windows: int
    steps: int
    size: tuple[int, int]


@dataclass(frozen=True)
class FitStepDone:
    """One step of what a method fits to a window before it edits it is done.

    Args:
        window: number of the window.
        step: steps of this window's fit done so far.
        total: steps of this window's fit.
        losses: its terms, before their lambda.
    """

    window: int
    step: int
    total: int
    losses: Mapping[str, float]


@dataclass(frozen=True)
class StepDone:
    """One network evaluation of a window is done.

    Args:
        window: number of the window.
        step: evaluations done in this edit, over all windows.
        total: evaluations in all.
        losses: mean of each guidance term over the window, before its lambda.
        preview: the frame in the middle of the window as the model sees it now, ``uint8 [H, W, 3]``.
    """

    window: int
    step: int
    total: int
    losses: Mapping[str, float]
    preview: np.ndarray


@dataclass(frozen=True)
class FrameDone:
    """A frame is finished.

    Args:
        index: number of the frame in the edited part.
        rgb: ``uint8 [H, W, 3]`` at native size.
    """

    index: int
    rgb: np.ndarray


@dataclass(frozen=True)
class TemporalFigures:
    """Frame-to-frame warp error inside the region, in units of [-1, 1], by the source's flow without occlusions.

    Args:
        source: of the source video.
        edited: of the edited video.
        pairs: pairs of frames it was measured on.
    """

    source: float
    edited: float
    pairs: int

    @property
    def ratio(self) -> float:
        """Edited / source; 1 where neither moves. Of a source that stands still, any motion of an effect makes it large."""
        return self.edited / self.source if self.source > 0 else float(self.edited > 0) + 1.0

    @property
    def excess(self) -> float:
        """Edited - source, in grey levels (0 to 255): what is seen to change beyond what the source does."""
        return _LEVELS * (self.edited - self.source)


@dataclass(frozen=True)
class SeamFigures:
    """How much what the edit adds changes from frame to frame, in grey levels (0 to 255).

    Args:
        border: mean over the pairs of frames across borders of windows.
        elsewhere: mean over all other pairs.
        pairs: pairs across borders.
    """

    border: float
    elsewhere: float
    pairs: int

    @property
    def ratio(self) -> float:
        """Border / elsewhere: 1 where a border cannot be told from the rest."""
        return self.border / self.elsewhere if self.elsewhere > 0 else float(self.border > 0) + 1.0


@dataclass(frozen=True)
class EditDone:
    """All frames are finished.

    Args:
        frames: how many.
        seconds: wall time of the sampling, windows that were finished before included.
        temporal: coherence figures, or None for a single frame.
        losses: the terms' means at the last guided step of the last window.
        seams: how visible the borders of windows are, or None for a single window.
    """

    frames: int
    seconds: float
    temporal: TemporalFigures | None
    losses: Mapping[str, float]
    seams: SeamFigures | None = None


@dataclass(frozen=True)
class PicturesSeen:
    """A network has looked at some of the pictures it is to look at.

    Args:
        done: so far.
        total: in all.
    """

    done: int
    total: int


@dataclass(frozen=True)
class ItemMeasured:
    """A part of an evaluation has measured one of its items, and its figures lie on disk.

    Args:
        part: which part.
        done: items of the part that are measured.
        total: items of the part.
        figures: what was found, by name.
    """

    part: str
    done: int
    total: int
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class FileDone:
    """The output file is there, whole, with its recipe beside it.

    Args:
        path: the video.
        recipe: its sidecar.
        seconds: wall time since it was begun or resumed, reading and writing included.
        warnings: what differs from what was asked, one line each.
    """

    path: Path
    recipe: Path
    seconds: float
    warnings: tuple[Message, ...]


EditEvent = MaskMade | MasksReady | FitStepDone | StepDone | FrameDone | EditDone | FileDone
"""What an edit yields, from its preparation to its file."""
