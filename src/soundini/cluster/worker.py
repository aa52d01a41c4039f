"""A worker: a process somewhere on the cluster that loads models once and checks and edits rows."""

import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import torch

from soundini._version import __version__
from soundini.batch.check import Finding, check_row
from soundini.batch.manifest import Outcome
from soundini.batch.place import Place
from soundini.batch.remote import RemotePlace
from soundini.batch.run import Jobs, attempt_row
from soundini.editing.files import ModelCache
from soundini.editing.request import EditRequest, moved
from soundini.errors import ConfigError
from soundini.events import EditEvent, FitStepDone, StepDone
from soundini.generators import finish
from soundini.jobs.job import delete_job, jobs_folder

SECONDS_FOR_A_LOCK = 120.0
"""Seconds; a file server may need that long to notice that the machine which held a lock is gone."""


@dataclass(frozen=True)
class Task:
    """A worker's task: check or edit a row.

    Args:
        kind: check it, or edit it.
        request: the edit, with absolute paths on the machine that asks.
    """

    kind: Literal["check", "edit"]
    request: EditRequest


@dataclass(frozen=True)
class BatchLocation:
    """The place of a batch, in a form that every machine understands.

    Args:
        root: of the batch's place, on the machine that asks.
        url: of the tree, where it lies at an address; empty for a path that all machines share.
        jobs: folder of the jobs on the shared path; None where there is none, and each machine keeps its own.
    """

    root: Path
    url: str = ""
    jobs: Path | None = None

    def place(self) -> Place:
        """The batch's place on this machine."""
        return RemotePlace(self.url) if self.url else Place(self.root)


class Worker:
    """Does one task at a time; made into an actor by :class:`soundini.cluster.pool.Pool`.

    Args:
        location: where it works.
        threads: to compute with.
        version: of soundini, that it must have.
    """

    def __init__(self, location: BatchLocation, threads: int, version: str) -> None:
        self._version = version
        self._location = location
        self._threads = threads
        self._models = ModelCache()
        self._word: EditEvent | None = None

    def ready(self) -> None:
        """Return once it can work.

        Raises:
            ConfigError: another version of soundini is installed here, which might edit otherwise.
        """
        if self._version != __version__:
            raise ConfigError(
                "soundini {here} is installed on {machine}, but {version} where the batch was "
                "started; install the same",
                here=__version__,
                machine=platform.node(),
                version=self._version,
            )

    def told(self) -> EditEvent | None:
        """The last step of the edit, if there was one since this was asked."""
        word, self._word = self._word, None
        return word

    def do(self, task: Task) -> Finding | Outcome:
        """Check a row, or edit it."""
        torch.set_num_threads(self._threads)  # for the thread that Ray runs this in
        cv2.setNumThreads(self._threads)
        place = self._location.place()
        request = moved(task.request, self._location.root, place.root)
        if task.kind == "check":
            return check_row(request, place, self._models)
        return self._edit(request, place)

    def _edit(self, request: EditRequest, place: Place) -> Outcome:
        jobs = Jobs(self._location.jobs or jobs_folder(), SECONDS_FOR_A_LOCK)
        jobs.folder.mkdir(parents=True, exist_ok=True)
        outcome = finish(attempt_row(request, place, self._models, jobs), self._note)
        self._word = None
        if outcome.state == "done" and self._location.jobs is not None:
            delete_job(jobs.of(request.output))
        return outcome

    def _note(self, event: EditEvent) -> None:
        if isinstance(event, StepDone):
            self._word = replace(event, preview=event.preview[:0])
        elif isinstance(event, FitStepDone):
            self._word = event
