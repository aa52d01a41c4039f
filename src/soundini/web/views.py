"""The records that the page and the HTTP API show of files and jobs, and messages in JSON, which a job's record holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from soundini.errors import Message, Option, is_list
from soundini.web.form import EditForm, Scope

FileKind = Literal["video", "sound", "mask", "recipe"]
JobState = Literal["queued", "running", "interrupted", "done", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("interrupted", "done", "failed", "cancelled")
"""States in which a job neither waits nor runs."""


def to_json(message: Message) -> dict[str, Any]:
    """A message in JSON.

    Args:
        message: its paths and other values become text.
    """
    return {
        "template": message.template,
        "values": {name: _plain(value) for name, value in message.values.items()},
    }


def from_json(content: Any) -> Any:
    """Undo :func:`to_json`; text becomes a message without values."""
    if isinstance(content, str):
        return Message(content)
    if not isinstance(content, dict):
        return content
    values = {name: _value(value) for name, value in content["values"].items()}
    return Message(content["template"], values)


SavedMessage = Annotated[Message, BeforeValidator(from_json), PlainSerializer(to_json)]
"""A message as a field of a record on disk."""


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return to_json(value)
    if isinstance(value, Option):
        return {"option": value.name, "value": value.value}
    if is_list(value):
        return {"parts": [_plain(part) for part in value]}
    return value if isinstance(value, str | int | float | list) else str(value)


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "parts" in value:
        return tuple(_value(part) for part in value["parts"])
    return Option(value["option"], value["value"]) if "option" in value else from_json(value)


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file.

    Args:
        id: its id in requests.
        kind: of the upload, such as ``video``.
        label: the visitor's own name for it: shown (escaped), and never part of a path.
        path: where the server keeps it, under a name of its own.
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
        """Name of a generic record in the API's description, which only shows the one with text."""
        return cls.__name__


class VideoFacts(View):
    """The facts of a video."""

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
    """The form of a recipe, as far as it can be carried out here."""

    form: EditForm
    """The form; its fields are empty where something is left out."""
    left_out: tuple[str, ...] = ()
    """Names of what is left out: ``video``, ``sound`` and ``mask`` if (a part of) it is not here, and settings that the server
    chooses or a form cannot hold."""


class Heard(View):
    """The analysed sound along the part that is edited."""

    seconds: float
    """Length of the part."""
    peaks: tuple[float, ...]
    """Largest absolute sample in each of equal stretches of the part, 0 to 1: the waveform."""
    times: tuple[float, ...]
    """Times of ``envelope``, in seconds from the part's first frame."""
    envelope: tuple[float, ...]
    """Strength of the effect at each of these times, 0 to 1."""
    classes: tuple[tuple[float, Mapping[str, float]], ...]
    """At fewer times: the probability of each class, the likeliest first; empty if the models know no classes."""


class Price(View):
    """How long an edit would take."""

    frames: int
    """Frames that are edited."""
    part_seconds: float
    """How long the part is."""
    seconds: float | None
    """Estimated seconds of the edit on this machine; None before anything is measured."""


class OverlayProgress(View):
    """How far an overlay is."""

    share: float | None = None
    """Share of its frames that are drawn, 0 to 1; null if none is being drawn."""
    first: int | None = None
    """Number in the video of its first frame."""
    last: int | None = None
    """Number in the video of the last frame that is drawn."""


class ExampleView(View):
    """An example to try."""

    name: str
    """The class of its sound, which is synthesised."""


class Summary(View, Generic[Words]):
    """Figures of a finished edit."""

    frames: int
    """Frames of the video."""
    seconds: float
    """Wall time of the sampling, over all attempts."""
    temporal: float | None
    """Warp error of the edit over that of the source, inside the mask: 1 is as steady as the source; None for one frame."""
    flicker: float | None = None
    """What the edit changes from frame to frame beyond the source, along the motion, in levels of 255; may be negative."""
    follows: float | None = None
    """Rank correlation of strength with the change inside the mask, -1 to 1; None for few frames or a steady sound."""
    seams: float | None
    """Change across borders of windows over the change elsewhere: 1 means invisible; None for one window."""
    seam_step: float | None = None
    """Change across borders of windows beyond that elsewhere, in levels of 255; None for one window."""
    losses: Mapping[str, float]
    """The guidance terms at their last step."""
    warnings: tuple[Words, ...]
    """What differs from what was asked, one line each."""


class JobView(View, Generic[Words]):
    """A job as its owner sees it."""

    id: str
    """Its id in requests."""
    label: str
    """Names of the video and the sound, or the name the visitor gave it; escape it before it is shown."""
    form: EditForm
    """The form that was submitted."""
    scope: Scope
    """What of the video is edited."""
    state: JobState
    """``interrupted``, ``cancelled`` and ``failed`` jobs can be resumed."""
    step: int
    """Steps done."""
    steps: int
    """Steps in all; 0 until they are known."""
    masks: float | None
    """Share of the masks that are made, 0 to 1; None if it is unknown or the job does not run."""
    eta_seconds: float | None
    """Estimated seconds left; None while unknown."""
    losses: Mapping[str, float]
    """The guidance terms at the last step."""
    preview_frame: int | None
    """Number in the video of the frame that ``preview.png`` shows; None where there is no preview."""
    preview_box: tuple[float, float, float, float] | None
    """Where in the frame the preview lies: left, top, width and height, as shares of the frame."""
    queue_place: int | None
    """Place in the queue, 1 for the next to run; None if it does not wait."""
    error: Words
    """Why it failed, in one line; empty where it did not."""
    field: str = ""
    """The field of the form that the error is about; empty if there is none."""
    created: str
    """When it was submitted, UTC, ISO 8601."""
    summary: Summary[Words] | None
    """Figures of the edit, once it is done."""


class JobEvent(View):
    """A job after something happened to it."""

    number: int
    """Rises with each event; a client that lost its connection asks for events after the last it saw."""
    job: JobView[SavedMessage]
    """The job at that time."""


@dataclass(frozen=True)
class Result:
    """The files of a job that is done.

    Args:
        video: the edited video.
        recipe: its recipe, which repeats it.
        source: the same part of the source video, frame for frame beside ``video``.
        view: what a browser plays: ``video`` itself, or a copy of even size.
        source_view: the same of ``source``.
    """

    video: Path
    recipe: Path
    source: Path
    view: Path
    source_view: Path
