"""A job: its ticket on disk, and its progress and events in the server's memory."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from soundini.errors import Message
from soundini.media.output import write_durably
from soundini.settings_files import read_json
from soundini.web.files.uploads import ID
from soundini.web.form import EditForm
from soundini.web.jobs.progress import Progress
from soundini.web.views import ENDED, JobEvent, JobState, JobView, SavedMessage, Summary

TICKET = "ticket.json"
WORK = "work"
"""Folder of the resumable edit within a job's folder."""
SOURCE = "source.mp4"
"""The part of the source beside the edited video."""

NO_ERROR = Message("")
_REMEMBERED = 256
"""Events that are kept for clients that missed them; each holds the whole job, so older ones are no loss."""


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


@dataclass(eq=False)
class LiveJob:
    """A job; only touched under the queue's lock.

    Args:
        id: random; also the name of its folder.
        key: of the session that it belongs to.
        folder: where it lies.
        ticket: as it lies on disk.
        progress: of the running attempt, or of the last.
        stop: whether it is to stop within a step.
        gone: whether it is deleted once it has stopped.
    """

    id: str
    key: str
    folder: Path
    ticket: Ticket
    progress: Progress = field(default_factory=Progress)
    stop: bool = False
    gone: bool = False
    told: int = 0
    events: deque[JobEvent] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def __post_init__(self) -> None:
        ticket = self.ticket
        self.progress = Progress(ticket.step, ticket.steps, ticket.losses)

    def update(self, **changes: object) -> None:
        """Change fields of the ticket, on disk too."""
        progress = self.progress
        done = {
            "step": progress.step,
            "steps": progress.steps,
            "losses": dict(progress.losses),
        }
        self.ticket = self.ticket.model_copy(update=done | changes)
        self.ticket.write(self.folder)

    @property
    def rested(self) -> float:
        """When the job ended, in seconds since 1970: its ticket is written when its state changes."""
        return (self.folder / TICKET).stat().st_mtime

    def tell(self, place: int | None) -> None:
        """Add an event that holds the job as it is now."""
        self.told += 1
        self.events.append(JobEvent(number=self.told, job=self.view(place)))

    def view(self, place: int | None) -> JobView[SavedMessage]:
        """The job as its owner sees it.

        Args:
            place: in the queue, from 1; None where it does not wait.
        """
        ticket, progress = self.ticket, self.progress
        running = ticket.state == "running"
        shows = running and progress.preview is not None
        return JobView[SavedMessage](
            id=self.id,
            label=ticket.label,
            form=ticket.form,
            scope=ticket.form.scope,
            state=ticket.state,
            step=progress.step,
            steps=progress.steps,
            masks=progress.masks if running else None,
            eta_seconds=progress.eta_seconds if running else None,
            losses=dict(progress.losses),
            preview_frame=progress.place.frame if shows and progress.place else None,
            preview_box=progress.place.box if shows and progress.place else None,
            queue_place=place,
            error=ticket.error,
            field=ticket.field,
            created=ticket.created,
            summary=ticket.summary,
        )

    def news(self, after: int) -> list[JobEvent]:
        """Events after a number; all that are kept if the number is from an earlier run of the server."""
        known = after if after <= self.told else 0
        return [event for event in self.events if event.number > known]


def found_jobs(root: Path) -> list[LiveJob]:
    """Read the jobs of all sessions from disk, the oldest first; unfinished ones become ``interrupted``."""
    found = []
    for folder in root.glob("owners/*/jobs/*"):
        ticket = read_ticket(folder)
        if ticket is None or not ID.fullmatch(folder.name):
            continue
        job = LiveJob(folder.name, folder.parent.parent.name, folder, ticket)
        if ticket.state not in ENDED:
            job.update(state="interrupted")
        found.append(job)
    return sorted(found, key=lambda job: (job.ticket.created, job.id))
