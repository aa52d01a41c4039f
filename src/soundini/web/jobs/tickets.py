"""What the server remembers of a job beside what the job store does: who asked for what, and how it stands."""

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
"""Folder of the job store's job in a job's folder."""
SOURCE = "source.mp4"
"""The part of the source beside the edited video."""

NO_ERROR = Message("")


class Ticket(BaseModel):
    """A job as it lies on disk; written when its state changes, not at every step.

    Args:
        label: which video and which sound.
        form: what was asked.
        created: when, UTC, ISO 8601.
        state: ``queued`` and ``running`` become ``interrupted`` when the next server finds them.
        step: steps done when it was written.
        steps: steps in all, 0 where nobody knows yet.
        losses: at that step.
        error: why it failed.
        field: of the form, that this is about; empty where it is about none.
        summary: what came of it.
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
    """The ticket of a job; None where there is none that can be read."""
    try:
        return Ticket.model_validate(read_json(folder / TICKET))
    except (OSError, ValueError):
        return None
