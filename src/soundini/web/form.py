"""The form of an edit: what the page sends, and the body of ``POST /api/v1/jobs``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from soundini.config.section import Section
from soundini.errors import Message

FileId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Fraction = Annotated[float, Field(ge=-1, le=1)]
Method = Literal["soundini", "blended-diffusion", "layered-atlases", "vqgan-clip"]
Scope = Literal["frame", "eight", "all"]
Bound = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}s|s)?$")]


class PaintedMask(Section):
    """A mask painted on one frame."""

    frame: int = Field(ge=0, lt=10**9)
    """Number of the frame in the video, from 0."""
    file: FileId
    """A picture of the video's size; what is white, or covered by its alpha, is edited."""


class EditForm(Section):
    """An edit, by the ids of uploaded files.

    Painted masks, a box and an ellipse say where to edit (several of them: their union), or the whole frame is edited.
    """

    video: FileId | Literal[""] = ""
    """The uploaded video; required when the edit is submitted."""
    sound: FileId | Literal["self", ""] = ""
    """The uploaded sound (or video with sound), or ``self`` for the video's own; required too."""
    masks: tuple[PaintedMask, ...] = Field(default=(), max_length=100)
    """Painted keyframes; no two of one frame."""
    box: tuple[Fraction, Fraction, Fraction, Fraction] | None = None
    """Left, top, width and height, as shares of the frame."""
    ellipse: tuple[Fraction, Fraction, Fraction, Fraction] | None = None
    """Centre x and y, radius across and down, as shares of the frame."""
    whole_frame: bool = False
    """Edit everything."""
    track: bool | None = None
    """Carry the mask along the optical flow; by default where there are several keyframes."""
    dilate: float = Field(default=0, ge=-512, le=512)
    """Pixels by which the mask grows, or shrinks where negative."""
    feather: float | None = Field(default=None, ge=0, le=1)
    """Soft edge, as a share of the region's smaller side; None for the preset's."""
    preset: str = Field(default="fast", max_length=64)
    """Settings to begin with."""
    settings: tuple[Annotated[str, Field(max_length=1000)], ...] = Field(default=(), max_length=200)
    """More settings, ``section.name=value`` each, as for ``soundini edit --set``; settings of ``compute`` are refused."""
    heard_as: str = Field(default="", max_length=2000)
    """What the sound is, if the models recognise it wrongly: ``rain``, ``rain=0.7,wind=0.3``, or by its own seconds
    ``0s:fire,4.2s:rain``. ``GET /api/v1/sound-classes`` lists the words."""
    strength: float = Field(default=1.0, ge=0.25, le=2)
    """Factor on ``guidance.strength``: how strong the effect is."""
    start: Bound | None = None
    """First frame (``48``) or time (``2.0s``) of the part to edit."""
    end: Bound | None = None
    """One past the last frame, or time."""
    scope: Scope = "all"
    """One frame, eight neighbouring frames, or the whole part."""
    at: int = Field(default=0, ge=0, lt=10**9)
    """Number in the video of the frame that the scopes ``frame`` and ``eight`` show."""
    seed: int = Field(default=0, ge=0, lt=2**53)
    """Seed of the noise: another seed gives another picture."""
    method: Method = "soundini"
    """The paper's method, or a baseline."""

    @model_validator(mode="after")
    def _keyframes_differ(self) -> EditForm:
        frames = [mask.frame for mask in self.masks]
        if len(set(frames)) < len(frames):
            raise ValueError(Message("two masks are painted on one frame; keep one of them"))
        return self

    @model_validator(mode="after")
    def _shapes_have_an_area(self) -> EditForm:
        for shape in (self.box, self.ellipse):
            if shape is not None and min(shape[2:]) <= 0:
                raise ValueError(Message("a box or an ellipse without an area; draw it larger"))
        return self

    @model_validator(mode="after")
    def _one_way(self) -> EditForm:
        if self.whole_frame and (self.masks or self.box or self.ellipse):
            raise ValueError(Message("the whole frame and a mask at once; leave one of them out"))
        return self

    @property
    def has_mask(self) -> bool:
        """Whether it says where to edit."""
        return bool(self.masks or self.box or self.ellipse or self.whole_frame)

    @property
    def tracks(self) -> bool:
        """Whether the mask follows the picture."""
        return len(self.masks) > 1 if self.track is None else self.track
