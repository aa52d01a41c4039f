"""Runs a checked batch: each row is a job, and a failed row does not stop the others."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from soundini.batch.attempt import Jobs, attempt_row
from soundini.batch.check import RowChecked, check_rows
from soundini.batch.events import RowBegun, RowEnded, RowEvent, RowStep
from soundini.batch.manifest import Manifest
from soundini.batch.rows import Batch
from soundini.editing.files import ModelCache
from soundini.editing.request import EditRequest
from soundini.generators import map_events
from soundini.jobs.job import delete_job, jobs_folder
from soundini.jobs.listing import job_status
from soundini.media.output import write_error


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
            outcome = check.finished.outcome
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
