"""Doing a batch that was checked: each row is a job, and one that fails does not stop the others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from soundini.batch.check import RowChecked
from soundini.batch.finished import is_same_edit
from soundini.batch.manifest import Manifest, Outcome
from soundini.batch.models import Models
from soundini.batch.place import Place, refuse_links
from soundini.batch.rows import Batch, Row
from soundini.editing.files import prepare_edit
from soundini.editing.inputs import hash_inputs
from soundini.editing.prepared import PreparedEdit
from soundini.editing.request import EditRequest
from soundini.errors import ConfigError, SoundiniError
from soundini.events import EditDone, EditEvent, FileDone
from soundini.jobs.job import Job, delete_job, is_running, jobs_folder
from soundini.jobs.listing import job_status
from soundini.jobs.run import prepare_job, run_job
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


BatchEvent = RowBegun | RowEnded | EditEvent
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
        :class:`RowBegun`, the events of the edit, and :class:`RowEnded`, for each row; the last alone for one that is skipped.

    Raises:
        SoundiniError: the manifest or the jobs cannot be written.
    """
    try:
        jobs_folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(jobs_folder(), error) from None
    manifest = Manifest(batch.manifest, batch.place.root)
    for check in checks:
        request = check.row.request
        assert request is not None
        if check.finished is not None:
            found = check.finished
            outcome = Outcome("skipped", found.recipe, found.seconds, found.warp_ratio)
            _tidy(request)
        else:
            yield RowBegun(check.number, check.total, check.row)
            outcome = yield from _attempt(request, batch.place, models)
        manifest.add(check.number, request, outcome)
        yield RowEnded(check.number, check.total, check.row, outcome)


def job_folder(output: Path) -> Path:
    """Where the job lies whose output that is: among the others, by a name that a later run finds again."""
    digest = hashlib.sha256(os.fsencode(output)).hexdigest()
    return jobs_folder() / f"{output.stem}-{digest[:8]}"


def _attempt(
    request: EditRequest, place: Place, models: Models
) -> Generator[EditEvent, None, Outcome]:
    """Edit, and return how it ended, whatever went wrong."""
    try:
        return (yield from _edit(request, place, models))
    except SoundiniError as error:
        words = str(error)
    except Exception as error:  # of memory, or a defect: the other rows are worth trying
        words = f"{type(error).__name__}: {error}"
    return Outcome("failed", error=" ".join(words.split()))


def _edit(
    request: EditRequest, place: Place, models: Models
) -> Generator[EditEvent, None, Outcome]:
    refuse_links(request.output, place.root)  # again: much time may have gone by
    try:
        request.output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(request.output, error) from None
    job, edit = _take_up(request, models)
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
    return Outcome("done", done.recipe, done.seconds, ratio, warnings=(*moved, *done.warnings))


def _take_up(request: EditRequest, models: Models) -> tuple[Job, PreparedEdit]:
    """The job of an edit: the one that was begun, if it is of this very edit, else a new one in its place."""
    folder, pack = job_folder(request.output), models.open(request)
    job = _begun(folder)
    if job is not None:
        try:
            if _is_of(job, request, models.hashes(pack, request.recipe)):
                return job, prepare_job(job, pack=pack)
        except BaseException:
            job.close()
            raise
        job.close()
        delete_job(folder)
    edit = prepare_edit(request, pack)
    try:
        return Job.create(edit, folder), edit
    except BaseException:
        edit.close()
        raise


def _begun(folder: Path) -> Job | None:
    """The job in a folder; one that was killed as it was made, or is damaged, is cleared away."""
    if not folder.exists():
        return None
    try:
        return Job.open(folder)
    except ConfigError:
        if is_running(folder):
            raise
        delete_job(folder)
        return None


def _is_of(job: Job, request: EditRequest, weights: dict[str, str]) -> bool:
    record = job.record
    same = is_same_edit(request, record.request) and record.weights == weights
    return same and record.inputs == hash_inputs(request)


def _tidy(request: EditRequest) -> None:
    """Delete what is left of a job that was killed when its output was there already."""
    folder = job_folder(request.output)
    if folder.exists() and job_status(folder).state in ("interrupted", "failed"):
        delete_job(folder)
