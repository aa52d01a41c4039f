"""What the server tells of files and jobs: plain frozen records, for the page and for the HTTP API alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from soundini.web.form import EditForm, Scope
from soundini.web.saved_message import SavedMessage

FileKind = Literal["video", "sound", "mask", "recipe"]
JobState = Literal["queued", "running", "interrupted", "done", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("interrupted", "done", "failed", "cancelled")
"""States in which nothing happens until somebody asks for it."""


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file.

    Args:
        id: what it is asked for by.
        kind: what it was uploaded as.
        label: the visitor's own name for it: only ever shown, and escaped where it is; never part of a path.
        path: where it lies, under a name of the server's.
    """

    id: str
    kind: FileKind
    label: str
    path: Path


Words = TypeVar("Words")
"""How a record holds sentences: as messages, or as text in one language."""


class View(BaseModel):
    """A record that JSON can hold."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    @classmethod
    def model_parametrized_name(cls, params: tuple[type[Any], ...]) -> str:
        """The name of a generic record in the API's description: only the one of text stands there."""
        return cls.__name__


class VideoFacts(View):
    """What a video is."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    frames: int
    """How many."""
    frame_rate: float
    """Frames a second."""
    seconds: float
    """How long it lasts."""
    has_sound: bool
    """Whether it has a sound of its own."""
    has_recipe: bool = False
    """Whether it is an edit that carries its recipe."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


class Restored(View):
    """What a recipe asks for, as far as it can be asked for here."""

    form: EditForm
    """What to edit and how, empty where something is left out."""
    left_out: tuple[str, ...] = ()
    """What is: ``video``, ``sound`` and ``mask`` (all or a part of it), which are not here, and the names of settings that are
    the server's to choose or that no form can hold."""


class Heard(View):
    """A sound as the models hear it along the part that is edited."""

    seconds: float
    """Length of the part."""
    peaks: tuple[float, ...]
    """Largest absolute sample in each of equal stretches of the part, 0 to 1: the waveform."""
    times: tuple[float, ...]
    """Moments, in seconds from the part's first frame, of the two that follow."""
    envelope: tuple[float, ...]
    """How strong the effect is at each moment, 0 to 1."""
    classes: tuple[tuple[float, Mapping[str, float]], ...]
    """At fewer moments: the probability of each class that is heard, the likeliest first; empty where they have no words."""


class Price(View):
    """What an edit would cost."""

    frames: int
    """Frames that are edited."""
    part_seconds: float
    """How long the part is."""
    seconds: float | None
    """About how long the edit takes on this machine; None while nothing was measured."""


class OverlayProgress(View):
    """How far an overlay is."""

    share: float | None = None
    """Of its frames, 0 to 1; null where none is being drawn."""
    first: int | None = None
    """Number in the video of its first frame."""
    last: int | None = None
    """Of the last that can be looked at."""


class ExampleView(View):
    """An example to try."""

    name: str
    """The class of its sound, which is synthesised."""


class Summary(View, Generic[Words]):
    """What came of an edit."""

    frames: int
    """Frames of the video."""
    seconds: float
    """Wall time of the sampling, all tries together."""
    temporal: float | None
    """Warp error of the edit over that of the source, inside the mask: 1 is as steady as the source; None for one frame."""
    flicker: float | None = None
    """What the edit changes from frame to frame beyond the source, along the motion, in levels of 255; may be negative."""
    follows: float | None = None
    """Rank correlation of the sound's strength with the change inside the mask, -1 to 1; None of few frames or an even sound."""
    seams: float | None
    """Change across borders of windows over the change elsewhere: 1 cannot be seen; None for one window."""
    seam_step: float | None = None
    """Change across borders of windows beyond that elsewhere, in levels of 255; None for one window."""
    losses: Mapping[str, float]
    """The guidance terms at their last step."""
    warnings: tuple[Words, ...]
    """What differs from what was asked, one line each."""


class JobView(View, Generic[Words]):
    """A job as its owner sees it."""

    id: str
    """What it is asked for by."""
    label: str
    """Which video and which sound, by the visitor's own names, or what they called it: escape it where it is shown."""
    form: EditForm
    """What was asked."""
    scope: Scope
    """What of the video is edited."""
    state: JobState
    """``interrupted``, ``cancelled`` and ``failed`` jobs can be resumed."""
    step: int
    """Steps done."""
    steps: int
    """Steps in all; 0 until they are known."""
    masks: float | None
    """Share of the masks that are made before the first step, 0 to 1; None where nobody knows, or it does not run."""
    eta_seconds: float | None
    """About how long it still takes; None while nobody knows."""
    losses: Mapping[str, float]
    """The guidance terms at the last step."""
    preview_frame: int | None
    """Number in the video of the frame that ``preview.png`` shows; None where there is no preview."""
    preview_box: tuple[float, float, float, float] | None
    """Where in the frame it lies: left, top, width and height as shares of the frame."""
    queue_place: int | None
    """1 for the next to run; None where it does not wait."""
    error: Words
    """Why it failed, in one line; empty where it did not."""
    field: str = ""
    """The field of the form that this is about; empty where it is about none."""
    created: str
    """When it was submitted, UTC, ISO 8601."""
    summary: Summary[Words] | None
    """What came of it, once it is done."""


class JobEvent(View):
    """A job after something happened to it."""

    number: int
    """Rises; a client that lost its connection asks for what came after the last it saw."""
    job: JobView[SavedMessage]
    """The job as it was then."""


@dataclass(frozen=True)
class Result:
    """The files of a job that is done.

    Args:
        video: the edited video.
        recipe: how to do it again.
        source: the same part of the source video, frame for frame beside ``video``.
        view: what every browser plays of ``video``: itself, or a copy of even size.
        source_view: the same of ``source``.
    """

    video: Path
    recipe: Path
    source: Path
    view: Path
    source_view: Path
