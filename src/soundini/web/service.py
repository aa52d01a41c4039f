"""All that the page and the HTTP API can do, as methods; whoever calls them says on whose behalf."""

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
from soundini.web.forms.about_fields import about
from soundini.web.forms.asking import OUTPUT, ask, recipe_of, refuse_gaps
from soundini.web.forms.part import refuse_empty_part
from soundini.web.forms.restoring import restored
from soundini.web.jobs.caretaker import FOR_EVER, Caretaker, Keep
from soundini.web.jobs.job_queue import JobQueue
from soundini.web.jobs.live_job import LiveJob
from soundini.web.jobs.progress import JobStep
from soundini.web.jobs.tickets import SOURCE, new_ticket
from soundini.web.jobs.viewing import view_of
from soundini.web.limits import Limits
from soundini.web.looking import Looking
from soundini.web.refusals import MissingError
from soundini.web.views import FileKind, JobEvent, JobView, Restored, Result, StoredFile

if TYPE_CHECKING:
    import numpy as np

    from soundini.editing.model_cache import ModelCache


class EditService(Looking):
    """Edits videos for visitors who know nothing of each other, one edit at a time, in a thread of its own.

    Every method but :meth:`close` may be called from any thread. ``owner`` is a session's id, from
    :class:`soundini.web.http.sessions.Sessions`. Ids that nobody has and ids of somebody else give the same error.

    Args:
        folder: holds all files of the server; made where it is not there.
        limits: what visitors may ask for.
        models: the model pack of all edits.
        keep: for how long what visitors leave here is kept.

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
            self._caretaker = Caretaker(self.folder, self._queue, keep)
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Stop the running edit within a step; it can be resumed, by the next server too."""
        self._caretaker.close()
        self._queue.close()
        self._lock.release()

    def warm(self) -> None:
        """Load the models now, so that the first edit need not wait for them."""
        self._queue.warm()

    def add_file(self, owner: str, kind: FileKind, stream: BinaryIO, label: str) -> StoredFile:
        """Take an upload, and look whether it is what it is said to be; where room is short, older ones go that nothing needs.

        Args:
            owner: whose.
            kind: what it is to be.
            stream: its bytes; read until the end, or until they are too many.
            label: the visitor's name for it.

        Raises:
            SoundiniError: too large, too long, of another kind, or damaged; nothing of it is kept.
        """
        self._uploads.make_room(key_of(owner), kind, self._queue.needed)
        return self._uploads.add(key_of(owner), kind, stream, label)

    def begin_file(self, owner: str, kind: FileKind, label: str) -> Incoming:
        """Take an upload block by block; see :meth:`add_file`."""
        self._uploads.make_room(key_of(owner), kind, self._queue.needed)
        return self._uploads.begin(key_of(owner), kind, label)

    def delete_file(self, owner: str, file_id: str) -> None:
        """Delete an uploaded file; jobs that need it can no longer be resumed."""
        self._uploads.delete(key_of(owner), file_id)

    def examples(self) -> tuple[str, ...]:
        """The examples that can be tried: the classes of their sounds."""
        return example_names()

    def try_example(self, owner: str, name: str) -> EditForm:
        """Bring the files of an example, each once, and give the form of its edit.

        Raises:
            SoundiniError: there is no such example, or no room for it.
        """
        with self._drawing:
            return bring_example(find_example(name), self.folder, partial(self._kept, owner))

    def _kept(self, owner: str, kind: FileKind, path: Path) -> str:
        """The id of a visitor's file of these bytes, which is brought where there is none."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        found = self._uploads.by_hash(key_of(owner), sha256, kind)
        if found is not None:
            return found
        with path.open("rb") as stream:
            return self.add_file(owner, kind, stream, path.name).id

    def submit(self, owner: str, form: EditForm) -> str:
        """Queue an edit, and return the job's id.

        Raises:
            SoundiniError: something is missing in the form, or wrong with it; or too much waits already.
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
        """Refuse what the visitor says the sound is, where the models do not know it."""
        if said:
            said_shares(said, (0.0,), self.sound_classes)

    def jobs(self, owner: str) -> list[JobView[Message]]:
        """The jobs of an owner, the newest first."""
        return self._queue.views(key_of(owner))

    def job(self, owner: str, job_id: str) -> JobView[Message]:
        """One job."""
        return self._queue.view(key_of(owner), job_id)

    def form(self, owner: str, job_id: str) -> EditForm:
        """What a job was asked to do: for *Do it again with...*."""
        return self._queue.find(key_of(owner), job_id).ticket.form

    def rename(self, owner: str, job_id: str, label: str) -> None:
        """Call a job something else: it is shown and downloaded by that name."""
        self._queue.rename(key_of(owner), job_id, clean_label(label))

    def thumbnail(self, owner: str, job_id: str, height: int) -> np.ndarray:
        """A small picture of the middle of an edit that is done, ``uint8 [height, W, 3]``."""
        return middle_of(self.result(owner, job_id).video, height)

    def preview(self, owner: str, job_id: str) -> np.ndarray | None:
        """The middle frame of the window that is sampled now, ``uint8 [H, W, 3]``; None where none is."""
        return self._queue.find(key_of(owner), job_id).progress.preview

    def events(self, owner: str, job_id: str, after: int = 0) -> Iterator[JobEvent]:
        """What happens to a job, as it happens; ends when the job rests.

        Args:
            owner: whose.
            job_id: which.
            after: number of the last event that the caller knows; 0 for none.
        """
        return self._queue.events(key_of(owner), job_id, after)

    def news(self, owner: str, job_id: str, after: int = 0) -> tuple[list[JobEvent], bool]:
        """The events that are there already, and whether no more will come; see :meth:`events`."""
        return self._queue.news(key_of(owner), job_id, after)

    def cancel(self, owner: str, job_id: str) -> None:
        """Stop a job within a step, or take it out of the queue; it can be resumed."""
        self._queue.cancel(key_of(owner), job_id)

    def resume(self, owner: str, job_id: str) -> None:
        """Queue a job again that was cancelled, interrupted or failed; it goes on where it was."""
        self._queue.resume(key_of(owner), job_id)

    def delete(self, owner: str, job_id: str) -> None:
        """Delete a job and its files; a running one is stopped first."""
        self._queue.delete(key_of(owner), job_id)

    def result(self, owner: str, job_id: str) -> Result:
        """The files of a job that is done.

        Raises:
            MissingError: it is not, or its files are gone.
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
        """What an uploaded recipe, or an uploaded video that was made here, asks for, and what of it is not here.

        Raises:
            ConfigError: it is no recipe, or a video that this owner did not make here.
        """
        key = key_of(owner)
        done = [(job.folder / OUTPUT, job.ticket.form) for job in self._queue.done(key)]
        return restored(self._uploads, key, file_id, done, self.models)

    def _do(self, job: LiveJob, models: ModelCache) -> Generator[JobStep, None, None]:
        """Do a job of the queue, in its thread."""
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
