"""The server's own record of a job: its form, its state, and its result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from soundini.errors import Message
from soundini.media.output import write_durably
from soundini.settings_files import read_json
from soundini.web.form import EditForm
from soundini.web.saved_message import SavedMessage
from soundini.web.views import JobState, Summary

TICKET = "ticket.json"
WORK = "work"
"""Folder of the resumable edit within a job's folder."""
SOURCE = "source.mp4"
"""The part of the source beside the edited video."""

NO_ERROR = Message("")


class Ticket(BaseModel):
    """A job as it lies on disk; written when its state changes, not at every step.

    Args:
        label: names of the video and the sound.
        form: as it was submitted.
        created: when it was submitted, UTC, ISO 8601.
        state: ``queued`` and ``running`` become ``interrupted`` when the next server finds them.
        step: steps done when it was written.
        steps: steps in all, 0 where nobody knows yet.
        losses: at that step.
        error: why it failed.
        field: field of the form that the error is about; empty if there is none.
        summary: of the result, once it is done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    form: EditForm
    created: str
    state: JobState = "queued"
    step: int = 0
    steps: int = 0
    losses: dict[str, float] = {}
    error: SavedMessage = NO_ERROR
    field: str = ""
    summary: Summary[SavedMessage] | None = None

    def write(self, folder: Path) -> None:
        """Write it to a job's folder."""
        write_durably(folder / TICKET, self.model_dump_json(indent=1).encode())


def new_ticket(form: EditForm, label: str) -> Ticket:
    """The ticket of a job that is submitted now."""
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Ticket(label=label, form=form, created=created)


def read_ticket(folder: Path) -> Ticket | None:
    """The ticket of a job; None if it cannot be read."""
    try:
        return Ticket.model_validate(read_json(folder / TICKET))
    except (OSError, ValueError):
        return None
