"""A batch on a cluster: the workers check the rows, then edit them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import ray

from soundini._version import __version__
from soundini.batch.check import Finding, RowChecked, find_clashes
from soundini.batch.manifest import Manifest, Outcome
from soundini.batch.place import refuse_links
from soundini.batch.remote import RemotePlace
from soundini.batch.rows import Batch, Row
from soundini.batch.run import Jobs, RowBegun, RowEnded, RowEvent, RowLost, RowStep, tidy
from soundini.cluster.connection import WorkerNeeds
from soundini.cluster.pool import Begun, Ended, Lost, Pool, Told
from soundini.cluster.worker import BatchLocation, Task, Worker
from soundini.editing.request import sidecar_path
from soundini.errors import ConfigError, Message, Option
from soundini.jobs.job import jobs_folder

JOBS = ".soundini-jobs"
"""Folder of the jobs. It lies inside the folder of the outputs, so that any machine can resume them."""


class ClusterBatch:
    """A batch and the workers that do it; use it as a context manager, within :func:`soundini.cluster.connection.connected`.

    Args:
        batch: what is to be done.
        needs: of a worker.
        count: workers; None for as many as the cluster holds now.

    Raises:
        ConfigError: no machine of the cluster can hold one, and no number was named.
    """

    def __init__(self, batch: Batch, needs: WorkerNeeds, count: int | None = None) -> None:
        self._batch = batch
        place = batch.place
        if isinstance(place, RemotePlace):
            self._location = BatchLocation(place.root, place.url)
        else:
            self._location = BatchLocation(place.root, jobs=batch.output / JOBS)
            refuse_links(batch.output / JOBS, place.root)
        fitting = needs.fitting(ray.nodes())
        if count is None and fitting == 0:
            raise ConfigError(
                "no machine of the cluster has {cpus} cores, {gpus:g} GPUs and {gigabytes:.1f} GB for a "
                "worker; ask for less, or name {option} and let the cluster grow",
                cpus=needs.cpus,
                gpus=needs.gpus,
                gigabytes=needs.memory / 1e9,
                option=Option("workers"),
            )
        count = min(count or fitting, max(1, len(batch.rows)))
        self._pool = Pool(Worker, (self._location, needs.cpus, __version__), count, needs)

    def __enter__(self) -> ClusterBatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()
        if self._location.jobs is not None:
            with contextlib.suppress(OSError):  # unfinished jobs stay
                self._location.jobs.rmdir()

    def check(self) -> Iterator[RowChecked]:
        """Check every row, as :func:`soundini.batch.check.check_rows` does; they come as they are looked at.

        Raises:
            ConfigError: workers cannot be started.
        """
        rows, total = self._batch.rows, len(self._batch.rows)
        clashes = find_clashes(rows)
        asked: list[tuple[int, Row]] = []
        tasks: list[Task] = []
        for number, row in enumerate(rows, 1):
            problem = row.problem or clashes.get(number)
            if problem or row.request is None:
                yield RowChecked(number, total, row, Finding(problem))
            else:
                asked.append((number, row))
                tasks.append(Task("check", row.request))
        for event in self._pool.run(tasks):
            if isinstance(event, Ended):
                number, row = asked[event.task]
                finding = event.result or Finding(Message(event.problem))
                if finding.finished is not None:
                    recipe = self._recipe(tasks[event.task])
                    finding = replace(finding, finished=replace(finding.finished, recipe=recipe))
                yield RowChecked(number, total, row, finding)

    def run(self, checks: Sequence[RowChecked]) -> Generator[RowEvent, None, None]:
        """Do the rows that are not done, many at once, the longest first; see :func:`soundini.batch.run.run_rows`.

        Args:
            checks: of all rows, by :meth:`check`; none has a problem.

        Raises:
            SoundiniError: the manifest cannot be written, or workers cannot be started.
        """
        manifest, total = Manifest(self._batch.manifest, self._batch.place), len(checks)
        jobs = Jobs(self._location.jobs or jobs_folder())
        for check in checks:
            if check.finished is not None:
                tidy(check.request, jobs)
                manifest.add(check.number, check.request, check.finished)
                yield RowEnded(check.number, total, check.row, check.finished)
        left = [check for check in checks if check.finished is None]
        left.sort(
            key=lambda check: -check.finding.frames
        )  # otherwise the longest might begin last, and all would wait for it
        tasks = [Task("edit", check.request) for check in left]
        for event in self._pool.run(tasks):
            check = left[event.task]
            at = check.number, total, check.row
            if isinstance(event, Begun):
                yield RowBegun(*at)
            elif isinstance(event, Told):
                yield RowStep(*at, event.words)
            elif isinstance(event, Lost):
                yield RowLost(*at, event.why)
            else:
                outcome = event.result or Outcome("failed", error=event.problem)
                if outcome.recipe is not None:
                    outcome = replace(outcome, recipe=self._recipe(tasks[event.task]))
                manifest.add(check.number, check.request, outcome)
                yield RowEnded(*at, outcome)

    @staticmethod
    def _recipe(task: Task) -> Path:
        """The record of a task's output, with paths of this machine; the worker's may differ."""
        return sidecar_path(task.request.output)
