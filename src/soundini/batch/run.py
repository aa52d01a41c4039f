"""Runs a checked batch and reports what happens: each row is a job, and a failed row does not stop the others."""

import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from soundini.batch.check import RowChecked, check_rows
from soundini.batch.manifest import Manifest, Outcome
from soundini.batch.place import Place, read_by, refuse_links
from soundini.batch.rows import Batch, Row
from soundini.editing.files import ModelCache
from soundini.editing.request import EditRequest
from soundini.errors import SoundiniError
from soundini.events import EditDone, EditEvent, FileDone
from soundini.generators import map_events
from soundini.jobs.job import JOB_PATIENCE, delete_job, jobs_folder
from soundini.jobs.listing import job_status
from soundini.jobs.run import begin_or_resume, run_job
from soundini.media.output import write_error


@dataclass(frozen=True)
class RowEvent:
    """Something happened to a row.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
    """

    number: int
    total: int
    row: Row


@dataclass(frozen=True)
class RowBegun(RowEvent):
    """A row is begun or resumed."""


@dataclass(frozen=True)
class RowStep(RowEvent):
    """The edit of a row made progress.

    Args:
        event: of its edit.
    """

    event: EditEvent


@dataclass(frozen=True)
class RowLost(RowEvent):
    """The worker of a row was lost, and another one resumes the row.

    Args:
        why: what happened, in one line.
    """

    why: str


@dataclass(frozen=True)
class RowEnded(RowEvent):
    """A row ended: it is done, was done before, or failed. The manifest has it.

    Args:
        outcome: how it ended.
    """

    outcome: Outcome


@dataclass(frozen=True)
class Jobs:
    """The folder of a batch's jobs.

    Args:
        folder: of all of them.
        patience: seconds to wait for a job that somebody else holds: a worker that was lost may not be dead yet.
    """

    folder: Path
    patience: float = JOB_PATIENCE

    def of(self, output: Path) -> Path:
        """The folder of an output's job; its name depends on the output alone, so a later run finds it."""
        digest = hashlib.sha256(os.fsencode(output)).hexdigest()
        return self.folder / f"{output.stem}-{digest[:8]}"


def attempt_row(
    request: EditRequest, place: Place, models: ModelCache, jobs: Jobs
) -> Generator[EditEvent, None, Outcome]:
    """Edit, and return how it ended, whatever went wrong.

    Args:
        request: the edit, with absolute paths.
        place: where it may read and write.
        models: loads what it needs.
        jobs: where its job lies.

    Yields:
        The events of the edit.
    """
    try:
        return (yield from _edit(request, place, models, jobs))
    except SoundiniError as error:
        words = str(error)
    except Exception as error:  # out of memory, or a defect; other rows may still work
        words = f"{type(error).__name__}: {error}"
    return Outcome("failed", error=" ".join(words.split()))


def _edit(
    request: EditRequest, place: Place, models: ModelCache, jobs: Jobs
) -> Generator[EditEvent, None, Outcome]:
    refuse_links(request.output, place.root)  # again, because much time may have passed
    try:
        request.output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(request.output, error) from None
    place.bring(*read_by(request))
    folder, pack = jobs.of(request.output), models.open(request)
    job, edit = yield from begin_or_resume(request, folder, pack, jobs.patience)
    ratio, done = None, None
    with job, closing(edit), closing(run_job(job, edit)) as events:
        moved = [f"{words} since it began" for words in job.record.other_versions()]
        for event in events:
            if isinstance(event, EditDone) and event.temporal is not None:
                ratio = event.temporal.ratio
            elif isinstance(event, FileDone):
                done = event
            yield event
    assert done is not None
    place.publish(done.path, done.recipe)
    return Outcome(
        "done", done.recipe, done.seconds, ratio, warnings=(*moved, *map(str, done.warnings))
    )


def run_rows(
    batch: Batch, checks: Sequence[RowChecked], models: ModelCache
) -> Generator[RowEvent, None, None]:
    """Do the rows that are not done; stop iterating, or be killed, and the same call goes on later, to the same bytes.

    Args:
        batch: what is to be done.
        checks: of all its rows, by :func:`soundini.batch.check.check_rows`; none has a problem.
        models: those that the check has loaded.

    Yields:
        :class:`RowBegun`, :class:`RowStep` for all that its edit tells, and :class:`RowEnded`, for each row; the last alone for
        one that is skipped.

    Raises:
        SoundiniError: the manifest or the jobs cannot be written.
    """
    jobs, total = Jobs(jobs_folder()), len(checks)
    try:
        jobs.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(jobs.folder, error) from None
    manifest = Manifest(batch.manifest, batch.place)
    for check in checks:
        row, request = check.row, check.request
        if check.finished is not None:
            outcome = check.finished
            tidy(request, jobs)
        else:
            yield RowBegun(check.number, total, row)
            events = attempt_row(request, batch.place, models, jobs)
            outcome = yield from map_events(events, partial(RowStep, check.number, total, row))
        manifest.add(check.number, request, outcome)
        yield RowEnded(check.number, total, row, outcome)


def tidy(request: EditRequest, jobs: Jobs) -> None:
    """Delete the rest of a job that was killed after its output was written."""
    folder = jobs.of(request.output)
    if folder.exists() and job_status(folder).state in ("interrupted", "failed"):
        delete_job(folder)


@dataclass(frozen=True)
class LocalBatch:
    """A batch that this process runs, row by row.

    Args:
        batch: what is to be done.
        models: loaded as they are needed.
    """

    batch: Batch
    models: ModelCache = field(default_factory=ModelCache)

    def check(self) -> Iterator[RowChecked]:
        """Check every row; see :func:`soundini.batch.check.check_rows`."""
        return check_rows(self.batch, self.models)

    def run(self, checks: Sequence[RowChecked]) -> Generator[RowEvent, None, None]:
        """Do the rows that are not done; see :func:`run_rows`."""
        return run_rows(self.batch, checks, self.models)
