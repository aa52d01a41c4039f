"""All that the page and the HTTP API can do, as methods; whoever calls them says on whose behalf."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from soundini.web.forms import EditForm
from soundini.web.limits import Limits
from soundini.web.views import (
    FileKind,
    Heard,
    JobEvent,
    JobView,
    Result,
    StoredFile,
    VideoFacts,
)

if TYPE_CHECKING:
    import numpy as np


class EditService:
    """Edits videos for visitors who know nothing of each other, one edit at a time, in a thread of its own.

    Every method but :meth:`close` may be called from any thread. ``owner`` is a session's id, from
    :class:`soundini.web.sessions.Sessions`. Ids that nobody has and ids of somebody else give the same error.

    Args:
        folder: holds all files of the server; made where it is not there.
        limits: what visitors may ask for.
        models: the model pack of all edits.

    Raises:
        SoundiniError: the folder cannot be used, or another server uses it.
    """

    def __init__(
        self, folder: Path, limits: Limits | None = None, models: str = "embedded"
    ) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Stop the running edit within a step; it can be resumed, by the next server too."""
        raise NotImplementedError

    def add_file(self, owner: str, kind: FileKind, stream: BinaryIO, label: str) -> StoredFile:
        """Take an upload, and look whether it is what it is said to be.

        Args:
            owner: whose.
            kind: what it is to be.
            stream: its bytes; read until the end, or until they are too many.
            label: the visitor's name for it.

        Raises:
            SoundiniError: too large, too long, of another kind, or damaged; nothing of it is kept.
        """
        raise NotImplementedError

    def file(self, owner: str, file_id: str) -> StoredFile:
        """An uploaded file."""
        raise NotImplementedError

    def video_facts(self, owner: str, file_id: str) -> VideoFacts:
        """What a video is."""
        raise NotImplementedError

    def frame(self, owner: str, file_id: str, index: int) -> np.ndarray:
        """A frame of a video, ``uint8 [H, W, 3]``."""
        raise NotImplementedError

    def hear(self, owner: str, form: EditForm) -> Heard:
        """What the models hear along the part of the video."""
        raise NotImplementedError

    def mask_overlay(self, owner: str, form: EditForm) -> Path:
        """An MP4 of the part with the mask drawn on it, as an edit of the whole part would use it."""
        raise NotImplementedError

    def submit(self, owner: str, form: EditForm) -> str:
        """Queue an edit, and return the job's id."""
        raise NotImplementedError

    def jobs(self, owner: str) -> list[JobView]:
        """The jobs of an owner, the newest first."""
        raise NotImplementedError

    def job(self, owner: str, job_id: str) -> JobView:
        """One job."""
        raise NotImplementedError

    def form(self, owner: str, job_id: str) -> EditForm:
        """What a job was asked to do: for *Do it again with...*."""
        raise NotImplementedError

    def preview(self, owner: str, job_id: str) -> np.ndarray | None:
        """The middle frame of the window that is sampled now, ``uint8 [H, W, 3]``; None where none is."""
        raise NotImplementedError

    def events(self, owner: str, job_id: str, after: int = 0) -> Iterator[JobEvent]:
        """What happens to a job, as it happens; ends when the job rests.

        Args:
            owner: whose.
            job_id: which.
            after: number of the last event that the caller knows; 0 for none.
        """
        raise NotImplementedError

    def cancel(self, owner: str, job_id: str) -> None:
        """Stop a job within a step, or take it out of the queue; it can be resumed."""
        raise NotImplementedError

    def resume(self, owner: str, job_id: str) -> None:
        """Queue a job again that was cancelled, interrupted or failed; it goes on where it was."""
        raise NotImplementedError

    def delete(self, owner: str, job_id: str) -> None:
        """Delete a job and its files; a running one is stopped first."""
        raise NotImplementedError

    def result(self, owner: str, job_id: str) -> Result:
        """The files of a job that is done."""
        raise NotImplementedError

    def restored(self, owner: str, file_id: str) -> EditForm:
        """The settings in an uploaded recipe, or of an uploaded video that was made here.

        The files it names are taken where this owner still has them here; else ``video`` and ``sound`` must be chosen
        again, which the error says.
        """
        raise NotImplementedError
