"""What a visitor has chosen so far: kept by their browser, so that a page that is opened again goes on."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundini.errors import SoundiniError
from soundini.web.forms.forms import FileId
from soundini.web.page.drop import SELF
from soundini.web.service import EditService


class Draft(BaseModel):
    """The files of an edit that is being made ready, and the frame that is looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    video: FileId | None = None
    """The video, or none yet."""
    sound: str | None = Field(default=None, pattern=f"^([0-9a-f]{{32}}|{SELF})$")
    """The sound, ``self`` for the video's own, or none yet."""
    keyframes: dict[int, FileId] = Field(default={}, max_length=100)
    """Painted masks by frame."""
    frame: int = Field(default=0, ge=0)
    """Number of the frame that is looked at."""
    painted: tuple[str, FileId] | None = None
    """sha256 of the mask that was painted last, and the file it was kept as: it is not kept twice."""

    def with_(self, **changes: Any) -> Draft:
        """The same, changed."""
        return self.model_copy(update=changes)

    @property
    def stored(self) -> dict[str, Any]:
        """As the browser keeps it."""
        return self.model_dump(mode="json")


def draft_of(stored: Any) -> Draft:
    """What a browser has kept, if it makes sense; it is as trustworthy as anything that comes from there."""
    try:
        return Draft.model_validate(stored or {})
    except ValidationError:
        return Draft()


def still_there(draft: Draft, service: EditService, owner: str) -> Draft:
    """A draft less what the server does not have, or not for this visitor."""

    def known(file_id: str | None) -> bool:
        try:
            return file_id == SELF or (file_id is not None and bool(service.file(owner, file_id)))
        except SoundiniError:
            return False

    if not known(draft.video):
        sound = draft.sound if draft.sound != SELF and known(draft.sound) else None
        return Draft(sound=sound)
    keyframes = {frame: mask for frame, mask in draft.keyframes.items() if known(mask)}
    painted = draft.painted if draft.painted and known(draft.painted[1]) else None
    sound = draft.sound if known(draft.sound) else None
    return draft.with_(keyframes=keyframes, painted=painted, sound=sound)
