"""The queue of all visitors' jobs; one thread runs them, and keeps the models."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.errors import ConfigError, Message, SoundiniError
from soundini.web.files.uploads import owner_folder
from soundini.web.forms.asking import files_of
from soundini.web.jobs.live_job import NO_ERROR, LiveJob, Ticket, found_jobs
from soundini.web.jobs.progress import JobStep, Progress
from soundini.web.limits import Limits
from soundini.web.refusals import BusyError, MissingError, field_of
from soundini.web.views import ENDED, JobEvent, JobView

if TYPE_CHECKING:
    from soundini.editing.files import ModelCache

_LOG = logging.getLogger("soundini.web")
_PATIENCE = 1.0
"""Seconds after which a listener without news checks again."""

Do = Callable[[LiveJob, "ModelCache"], "Generator[JobStep, None, None]"]
"""Runs a job: yields its events; errors name files as the visitor does."""


class JobQueue:
    """Keeps the jobs, and runs them in the order in which they came.

    Jobs that an earlier server left unfinished are found, and wait until their owner resumes them.

    Args:
        root: the server's folder.
        limits: how many may wait.
        do: runs a job.
        warm: loads the models, before the first job or when :meth:`warm` is called.
    """

    def __init__(self, root: Path, limits: Limits, do: Do, warm: Callable[[], ModelCache]) -> None:
        self._root = root
        self._limits = limits
        self._do = do
        self._load = warm
        self._changed = threading.Condition()
        self._jobs = {job.id: job for job in found_jobs(root)}
        self._waiting: list[LiveJob] = []
        self._closing = False
        self._wanted = False
        for job in self._jobs.values():
            job.tell(None)
        self._thread = threading.Thread(target=self._work, name="soundini edits", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the running job within a step; it and the waiting ones can be resumed."""
        with self._changed:
            self._closing = True
            for job in self._waiting:
                job.update(state="interrupted")
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join()

    def warm(self) -> None:
        """Load the models now, before the first job needs them."""
        with self._changed:
            self._wanted = True
            self._changed.notify_all()

    def submit(self, key: str, ticket: Ticket) -> str:
        """Queue a job, and return its id.

        Raises:
            BusyError: too many wait already.
            MediaError: it cannot be written.
        """
        with self._changed:
            self._check_room(key)
            name = secrets.token_hex(16)
            folder = owner_folder(self._root, key) / "jobs" / name
            folder.mkdir(parents=True)
            ticket.write(folder)
            job = LiveJob(name, key, folder, ticket)
            self._jobs[name] = job
            self._enqueue(job)
            return name

    def views(self, key: str) -> list[JobView[Message]]:
        """The jobs of a session, the newest first."""
        with self._changed:
            mine = [job for job in self._jobs.values() if job.key == key and not job.gone]
            return [self._view(job) for job in reversed(mine)]

    def view(self, key: str, job_id: str) -> JobView[Message]:
        """A job of a session."""
        with self._changed:
            return self._view(self.find(key, job_id))

    def find(self, key: str, job_id: str) -> LiveJob:
        """A job of a session.

        Raises:
            MissingError: it has none by that id.
        """
        job = self._jobs.get(job_id)
        if job is None or job.key != key or job.gone:
            raise MissingError("there is no such job")
        return job

    def done(self, key: str) -> list[LiveJob]:
        """The jobs of a session that are done, the newest first."""
        with self._changed:
            mine = [job for job in self._jobs.values() if job.key == key and not job.gone]
        return [job for job in reversed(mine) if job.ticket.state == "done"]

    def news(self, key: str, job_id: str, after: int) -> tuple[list[JobEvent], bool]:
        """Events after a number, and whether the job has ended; returns at once."""
        with self._changed:
            job = self.find(key, job_id)
            return job.news(after), self._closing or job.ticket.state in ENDED

    def events(self, key: str, job_id: str, after: int) -> Iterator[JobEvent]:
        """Yield events after a number as they come, until the job ends or is deleted."""
        while True:
            with self._changed:
                job = self.find(key, job_id)
                news, rests = job.news(after), self._closing or job.ticket.state in ENDED
                if not news and not rests:
                    self._changed.wait(_PATIENCE)
                    continue
            yield from news
            after = news[-1].number if news else after
            if rests:
                return

    def cancel(self, key: str, job_id: str) -> None:
        """Stop a job within a step, or take it out of the queue; a job that has ended stays as it is."""
        with self._changed:
            self._cancel(self.find(key, job_id))

    def resume(self, key: str, job_id: str) -> None:
        """Queue a job again.

        Raises:
            ConfigError: it is done, or waits or runs already.
            BusyError: too many wait.
        """
        with self._changed:
            job = self.find(key, job_id)
            if job.ticket.state == "done":
                raise ConfigError("this job is done; there is nothing left to do")
            if job.ticket.state not in ENDED:
                raise ConfigError("this job waits or runs already")
            self._check_room(key)
            job.update(state="queued", error=NO_ERROR)
            self._enqueue(job)

    def rename(self, key: str, job_id: str, label: str) -> None:
        """Rename a job."""
        with self._changed:
            job = self.find(key, job_id)
            job.update(label=label)
            self._tell(job)

    def delete(self, key: str, job_id: str) -> None:
        """Delete a job; a running one is stopped within a step first."""
        with self._changed:
            job = self.find(key, job_id)
            self._cancel(job)
            job.gone = True
            if job.ticket.state != "running":
                self._drop(job)
            self._changed.notify_all()

    def expire(self, before: float) -> None:
        """Delete jobs that ended before a moment, in seconds since 1970."""
        with self._changed:
            for job in [job for job in self._jobs.values() if job.ticket.state in ENDED]:
                if job.rested < before:
                    job.gone = True
                    self._drop(job)
            self._changed.notify_all()

    def needed(self) -> set[str]:
        """The ids of all files that jobs name, whatever their state."""
        with self._changed:
            return {name for job in self._jobs.values() for name in files_of(job.ticket.form)}

    def _check_room(self, key: str) -> None:
        busy = [job for job in self._jobs.values() if job.ticket.state not in ENDED]
        if sum(job.key == key for job in busy) >= self._limits.waiting:
            raise BusyError(
                "{count} edits of yours wait or run already; wait for one, or cancel one",
                count=self._limits.waiting,
            )
        if len(busy) >= self._limits.waiting_in_all:
            raise BusyError("too many edits wait here already; try again later")

    def _enqueue(self, job: LiveJob) -> None:
        job.stop = False
        self._waiting.append(job)
        self._tell(job)

    def _cancel(self, job: LiveJob) -> None:
        if job.ticket.state == "queued":
            self._waiting.remove(job)
            self._rest(job, state="cancelled")
        elif job.ticket.state == "running":
            job.stop = True

    def _view(self, job: LiveJob) -> JobView[Message]:
        return job.view(self._place(job))

    def _place(self, job: LiveJob) -> int | None:
        return self._waiting.index(job) + 1 if job in self._waiting else None

    def _tell(self, *jobs: LiveJob) -> None:
        for job in jobs:
            job.tell(self._place(job))
        self._changed.notify_all()

    def _rest(self, job: LiveJob, **changes: object) -> None:
        try:
            job.update(**changes)
        finally:
            self._tell(job, *self._waiting)

    def _drop(self, job: LiveJob) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _work(self) -> None:
        with self._changed:
            while not (self._waiting or self._wanted or self._closing):
                self._changed.wait()
            if self._closing:
                return
        models = self._load()
        while (job := self._next()) is not None:
            try:
                self._run(job, models)
            except Exception:  # the disk is full, say: not even the ticket can be written
                _LOG.exception("job %s", job.id)

    def _next(self) -> LiveJob | None:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            if self._closing:
                return None
            job = self._waiting.pop(0)
            job.progress = Progress(job.progress.step, job.progress.steps, job.progress.losses)
            job.update(state="running", error=NO_ERROR)
            self._tell(job, *self._waiting)
            return job

    def _run(self, job: LiveJob, models: ModelCache) -> None:
        error, field = NO_ERROR, ""
        try:
            with closing(self._do(job, models)) as events:
                for event in events:
                    with self._changed:
                        if job.progress.take(event):
                            self._tell(job)
                        if job.stop or self._closing:
                            break
        except SoundiniError as problem:
            error, field = problem.message, field_of(problem)
        except Exception as problem:  # out of memory, or a defect: the server goes on
            _LOG.exception("job %s", job.id)
            words = " ".join(str(problem).split())
            error = Message("{kind}: {why}", {"kind": type(problem).__name__, "why": words})
        with self._changed:
            job.progress.preview = None
            if job.gone:
                self._drop(job)
            elif job.progress.summary is not None:
                self._rest(job, state="done", summary=job.progress.summary)
            elif error != NO_ERROR:
                self._rest(job, state="failed", error=error, field=field)
            else:
                self._rest(job, state="cancelled" if job.stop else "interrupted")
