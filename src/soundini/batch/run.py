"""Doing a batch that was checked: each row is a job, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from soundini.batch.attempt import Jobs, attempt_row
from soundini.batch.check import RowChecked, check_rows
from soundini.batch.manifest import Manifest, Outcome
from soundini.batch.models import Models
from soundini.batch.rows import Batch, Row
from soundini.editing.request import EditRequest
from soundini.events import EditEvent
from soundini.jobs.job import delete_job, jobs_folder
from soundini.jobs.listing import job_status
from soundini.media.output import write_error


@dataclass(frozen=True)
class RowBegun:
    """A row is begun, or gone on with; the events of its edit follow.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
    """

    number: int
    total: int
    row: Row


@dataclass(frozen=True)
class RowStep:
    """The edit of a row goes on.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
        event: of its edit.
    """

    number: int
    total: int
    row: Row
    event: EditEvent


@dataclass(frozen=True)
class RowLost:
    """Whatever did a row is gone, and another goes on with it.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
        why: what happened, in one line.
    """

    number: int
    total: int
    row: Row
    why: str


@dataclass(frozen=True)
class RowEnded:
    """A row is done, was done before, or failed; the manifest says so.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
        outcome: how it ended.
    """

    number: int
    total: int
    row: Row
    outcome: Outcome


BatchEvent = RowBegun | RowStep | RowLost | RowEnded
"""What a batch yields."""


def run_rows(
    batch: Batch, checks: Sequence[RowChecked], models: Models
) -> Generator[BatchEvent, None, None]:
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
            outcome = check.finished.outcome
            tidy(request, jobs)
        else:
            yield RowBegun(check.number, total, row)
            with closing(attempt_row(request, batch.place, models, jobs)) as events:
                while True:
                    try:
                        yield RowStep(check.number, total, row, next(events))
                    except StopIteration as end:
                        outcome = end.value
                        break
        manifest.add(check.number, request, outcome)
        yield RowEnded(check.number, total, row, outcome)


def tidy(request: EditRequest, jobs: Jobs) -> None:
    """Delete what is left of a job that was killed when its output was there already."""
    folder = jobs.of(request.output)
    if folder.exists() and job_status(folder).state in ("interrupted", "failed"):
        delete_job(folder)


@dataclass(frozen=True)
class LocalBatch:
    """A batch that this process does, row by row.

    Args:
        batch: what is to be done.
        models: loaded as they are needed.
    """

    batch: Batch
    models: Models = field(default_factory=Models)

    def check(self) -> Iterator[RowChecked]:
        """Check every row; see :func:`soundini.batch.check.check_rows`."""
        return check_rows(self.batch, self.models)

    def run(self, checks: Sequence[RowChecked]) -> Generator[BatchEvent, None, None]:
        """Do the rows that are not done; see :func:`run_rows`."""
        return run_rows(self.batch, checks, self.models)
