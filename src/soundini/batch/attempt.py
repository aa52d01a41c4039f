"""Edits one row, as a new or a resumed job, and reports how it ended."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from soundini.batch.manifest import Outcome
from soundini.batch.place import Place, read_by, refuse_links
from soundini.editing.files import ModelCache
from soundini.editing.request import EditRequest
from soundini.errors import SoundiniError
from soundini.events import EditDone, EditEvent, FileDone
from soundini.jobs.begin import begin_or_resume
from soundini.jobs.job import JOB_PATIENCE
from soundini.jobs.run import run_job
from soundini.media.output import write_error


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
