"""All that the page and the HTTP API can do, as methods; each takes the session that it acts for."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from soundini.editing.heard_as import said_shares
from soundini.editing.request import SELF, sidecar_path
from soundini.errors import Message, SoundiniError
from soundini.events import EditDone, FileDone
from soundini.web.files.examples import bring_example, example_names, find_example
from soundini.web.files.folder import lock_folder, refuse_full
from soundini.web.files.incoming import Incoming
from soundini.web.files.inspecting import in_labels, labelled
from soundini.web.files.strip import middle_of
from soundini.web.files.uploads import clean_label, key_of
from soundini.web.form import EditForm
from soundini.web.forms.asking import OUTPUT, ask, recipe_of, refuse_gaps
from soundini.web.forms.masking import refuse_empty_part
from soundini.web.forms.restoring import restored
from soundini.web.jobs.job_queue import JobQueue
from soundini.web.jobs.live_job import SOURCE, LiveJob, new_ticket
from soundini.web.jobs.progress import JobStep
from soundini.web.jobs.retention import FOR_EVER, Cleaner, Keep
from soundini.web.jobs.viewing import view_of
from soundini.web.limits import Limits
from soundini.web.looking import Looking
from soundini.web.refusals import MissingError, about
from soundini.web.views import FileKind, JobEvent, JobView, Restored, Result, StoredFile

if TYPE_CHECKING:
    import numpy as np

    from soundini.editing.files import ModelCache


class EditService(Looking):
    """Edits videos for visitors, one at a time, in a thread of its own; no visitor sees what belongs to another.

    Every method but :meth:`close` may be called from any thread. ``owner`` is a session's id, from
    :class:`soundini.web.http.credentials.Sessions`. An unknown id and an id of somebody else give the same error.

    Args:
        folder: holds all files of the server; created if needed.
        limits: what visitors may ask for.
        models: the model pack of all edits.
        keep: how long files and jobs are kept.

    Raises:
        SoundiniError: the folder cannot be used, or another server uses it.
    """

    def __init__(
        self,
        folder: Path,
        limits: Limits | None = None,
        models: str = "embedded",
        keep: Keep = FOR_EVER,
    ) -> None:
        self.folder = folder.absolute()
        self.limits = limits or Limits()
        self.models = models
        self._lock = lock_folder(self.folder)
        try:
            super().__init__(self.folder, self.limits, models)
            self._queue = JobQueue(self.folder, self.limits, self._do, self._load)
            self._cleaner = Cleaner(self.folder, self._queue, keep)
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Stop the running edit within a step; the next server can resume it."""
        self._cleaner.close()
        self._queue.close()
        self._lock.release()

    def warm(self) -> None:
        """Load the models now, so that the first edit need not wait for them."""
        self._queue.warm()

    def add_file(self, owner: str, kind: FileKind, stream: BinaryIO, label: str) -> StoredFile:
        """Store an upload and check it; if room is short, older uploads that no job needs are deleted.

        Args:
            owner: whose.
            kind: of the file.
            stream: its bytes, read up to the limit.
            label: the visitor's name for it.

        Raises:
            SoundiniError: too large, too long, of another kind, or damaged; nothing of it is kept.
        """
        self._uploads.make_room(key_of(owner), kind, self._queue.needed)
        return self._uploads.add(key_of(owner), kind, stream, label)

    def begin_file(self, owner: str, kind: FileKind, label: str) -> Incoming:
        """Begin an upload that comes block by block; see :meth:`add_file`."""
        self._uploads.make_room(key_of(owner), kind, self._queue.needed)
        return self._uploads.begin(key_of(owner), kind, label)

    def delete_file(self, owner: str, file_id: str) -> None:
        """Delete an uploaded file; jobs that need it can no longer be resumed."""
        self._uploads.delete(key_of(owner), file_id)

    def examples(self) -> tuple[str, ...]:
        """Names of the examples: the classes of their sounds."""
        return example_names()

    def try_example(self, owner: str, name: str) -> EditForm:
        """Add the files of an example to the owner's, each once, and return the form that edits them.

        Raises:
            SoundiniError: there is no such example, or no room for it.
        """
        with self._drawing:
            return bring_example(find_example(name), self.folder, partial(self._kept, owner))

    def _kept(self, owner: str, kind: FileKind, path: Path) -> str:
        """The id of a visitor's file with these bytes, which is added if there is none."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        found = self._uploads.by_hash(key_of(owner), sha256, kind)
        if found is not None:
            return found
        with path.open("rb") as stream:
            return self.add_file(owner, kind, stream, path.name).id

    def submit(self, owner: str, form: EditForm) -> str:
        """Queue an edit, and return the job's id.

        Raises:
            SoundiniError: something is missing or wrong in the form, or too many edits wait already.
        """
        key = key_of(owner)
        refuse_gaps(form)
        with about("video"):
            facts, video = self._uploads.facts(key, form.video), self._uploads.find(key, form.video)
        with about("sound"):
            other = None if form.sound == SELF else self._uploads.find(key, form.sound)
        with about("settings"):
            recipe = recipe_of(form, self.limits)
        with about("heard_as"):
            self._check_words(recipe.sound.heard_as)
        with about("start"):
            refuse_empty_part(form, facts)
        with about("masks"):
            self._check_masks(key, form)
        refuse_full(self.folder, self.limits)
        label = video.label if other is None else f"{video.label} + {other.label}"
        return self._queue.submit(key, new_ticket(form, label))

    def _check_words(self, said: str) -> None:
        """Refuse a form whose ``heard_as`` names a class that the models do not know."""
        if said:
            said_shares(said, (0.0,), self.sound_classes)

    def jobs(self, owner: str) -> list[JobView[Message]]:
        """The jobs of an owner, the newest first."""
        return self._queue.views(key_of(owner))

    def job(self, owner: str, job_id: str) -> JobView[Message]:
        """One job."""
        return self._queue.view(key_of(owner), job_id)

    def form(self, owner: str, job_id: str) -> EditForm:
        """The form of a job, for *Do it again with...*."""
        return self._queue.find(key_of(owner), job_id).ticket.form

    def rename(self, owner: str, job_id: str, label: str) -> None:
        """Rename a job: it is shown and downloaded under that name."""
        self._queue.rename(key_of(owner), job_id, clean_label(label))

    def thumbnail(self, owner: str, job_id: str, height: int) -> np.ndarray:
        """A small picture of the middle of a finished edit, ``uint8 [height, W, 3]``."""
        return middle_of(self.result(owner, job_id).video, height)

    def preview(self, owner: str, job_id: str) -> np.ndarray | None:
        """The middle frame of the window that is being sampled, ``uint8 [H, W, 3]``, or None."""
        return self._queue.find(key_of(owner), job_id).progress.preview

    def events(self, owner: str, job_id: str, after: int = 0) -> Iterator[JobEvent]:
        """Yield the events of a job as they happen, until it ends.

        Args:
            owner: the session's id.
            job_id: the job.
            after: number of the last event that the caller knows; 0 for none.
        """
        return self._queue.events(key_of(owner), job_id, after)

    def news(self, owner: str, job_id: str, after: int = 0) -> tuple[list[JobEvent], bool]:
        """The events so far, and whether the job has ended; see :meth:`events`."""
        return self._queue.news(key_of(owner), job_id, after)

    def cancel(self, owner: str, job_id: str) -> None:
        """Stop a job within a step, or take it out of the queue; it can be resumed."""
        self._queue.cancel(key_of(owner), job_id)

    def resume(self, owner: str, job_id: str) -> None:
        """Queue a cancelled, interrupted or failed job again; it goes on where it stopped."""
        self._queue.resume(key_of(owner), job_id)

    def delete(self, owner: str, job_id: str) -> None:
        """Delete a job and its files; a running one is stopped first."""
        self._queue.delete(key_of(owner), job_id)

    def result(self, owner: str, job_id: str) -> Result:
        """The files of a job that is done.

        Raises:
            MissingError: it is not done, or its files are gone.
        """
        job = self._queue.find(key_of(owner), job_id)
        if job.ticket.state != "done":
            raise MissingError("this job is not done yet")
        video, source = job.folder / OUTPUT, job.folder / SOURCE
        found = Result(video, sidecar_path(video), source, view_of(video), view_of(source))
        if not all(path.is_file() for path in (found.video, found.recipe, found.source)):
            raise MissingError("the files of this job are gone; do it again")
        return found

    def restored(self, owner: str, file_id: str) -> Restored:
        """Restore the form from an uploaded recipe or from a video that was made here, and list what is missing.

        Raises:
            ConfigError: it is no recipe, or a video that this owner did not make here.
        """
        key = key_of(owner)
        done = [(job.folder / OUTPUT, job.ticket.form) for job in self._queue.done(key)]
        return restored(self._uploads, key, file_id, done, self.models)

    def _do(self, job: LiveJob, models: ModelCache) -> Generator[JobStep, None, None]:
        """Run a job, in the queue's thread."""
        from soundini.web.jobs.running import run_asked

        form = job.ticket.form
        labels = {**self._labels(job.key, form), job.folder: "", self.folder: ""}
        with in_labels(labels):
            asked = ask(form, self._form_files(job.key, form, job.folder), self.limits)
            began, anew = time.monotonic(), job.progress.step == 0
            with closing(run_asked(asked, job.folder, models)) as events:
                for event in events:
                    if isinstance(event, EditDone) and anew:
                        spent = time.monotonic() - began
                        self._pace.learn(asked.request.recipe, event.frames, spent)
                    if isinstance(event, FileDone):
                        told = tuple(labelled(words, labels) for words in event.warnings)
                        event = replace(event, warnings=told)
                    yield event

    def _load(self) -> ModelCache:
        """Load the models, in the queue's thread."""
        with self._loading:
            from soundini.web.jobs.running import load, nothing_asked

            models = load(self.models)
        with suppress(SoundiniError):  # a job will tell
            self._pace.calibrate(models.open(nothing_asked(self.models)))
        return models
