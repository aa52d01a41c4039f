"""All that the page and the HTTP API can do, as methods; whoever calls them says on whose behalf."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from soundini.editing.heard_as import said_shares
from soundini.editing.request import SELF, sidecar_path
from soundini.errors import ConfigError, MaskError
from soundini.masks.pictures import picture_size
from soundini.masks.shapes import shape_mask
from soundini.web.files.folder import lock_folder, refuse_full
from soundini.web.files.incoming import Incoming
from soundini.web.files.inspecting import in_labels
from soundini.web.files.uploads import ID, Uploads, key_of, owner_folder
from soundini.web.forms.asking import Whereabouts, ask, files_of, recipe_of, refuse_gaps
from soundini.web.forms.forms import EditForm
from soundini.web.forms.hearing import Ears
from soundini.web.forms.masking import drawn_shapes
from soundini.web.forms.overlays import drop_old, overlay_name, write_overlay
from soundini.web.forms.part import part_begin, part_seconds, refuse_empty_part
from soundini.web.forms.restoring import restored
from soundini.web.forms.shapes import painted_shapes
from soundini.web.jobs.caretaker import FOR_EVER, Caretaker, Keep
from soundini.web.jobs.job_queue import JobQueue
from soundini.web.jobs.live_job import LiveJob
from soundini.web.jobs.tickets import OUTPUT, SOURCE, new_ticket
from soundini.web.jobs.viewing import view_of
from soundini.web.limits import Limits
from soundini.web.refusals import MissingError
from soundini.web.views import (
    FileKind,
    Heard,
    JobEvent,
    JobView,
    Restored,
    Result,
    StoredFile,
    VideoFacts,
)

if TYPE_CHECKING:
    import numpy as np

    from soundini.batch.models import Models
    from soundini.events import EditEvent


class EditService:
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
            self._uploads = Uploads(self.folder, self.limits)
            # Of two threads that import diffusers at once, one finds it half there.
            self._loading = threading.Lock()
            self._ears = Ears(models, self._loading)
            self._drawing = threading.Lock()
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

    def file(self, owner: str, file_id: str) -> StoredFile:
        """An uploaded file."""
        return self._uploads.find(key_of(owner), file_id)

    def delete_file(self, owner: str, file_id: str) -> None:
        """Delete an uploaded file; jobs that need it can no longer be resumed."""
        self._uploads.delete(key_of(owner), file_id)

    def video_facts(self, owner: str, file_id: str) -> VideoFacts:
        """What a video is.

        Raises:
            ConfigError: there is no such file, or it is no video.
        """
        return self._uploads.facts(key_of(owner), file_id)

    def frame(self, owner: str, file_id: str, index: int) -> np.ndarray:
        """A frame of a video, ``uint8 [H, W, 3]``.

        Raises:
            ConfigError: the video has no such frame.
        """
        from soundini.media.video_reader import VideoReader

        frames = self.video_facts(owner, file_id).frames
        if 0 <= index < frames:
            with VideoReader(self.file(owner, file_id).path) as reader:
                for frame in reader.frames(index, index + 1):
                    return frame.rgb
        raise ConfigError(f"the video has no frame {index}; choose one from 0 to {frames - 1}")

    @cached_property
    def sound_classes(self) -> tuple[str, ...]:
        """The words for sounds that the models know; none where they have a text tower instead.

        Raises:
            ModelError: the models are not there.
        """
        from soundini.packs.sound_classes import sound_classes

        with self._loading:
            return sound_classes(self.models)

    def hear(self, owner: str, form: EditForm) -> Heard:
        """What the models hear along the part of the video; where to edit need not be said yet.

        Raises:
            SoundiniError: there is no sound yet, or it cannot be used.
        """
        key = key_of(owner)
        refuse_gaps(form.model_copy(update={"whole_frame": True}))
        facts = self._uploads.facts(key, form.video)
        seconds = part_seconds(form, facts)
        began = part_begin(form, facts) if form.sound == SELF else 0.0
        sound = self._uploads.find(key, form.video if form.sound == SELF else form.sound)
        with in_labels({sound.path: sound.label}):
            config = recipe_of(form, self.limits).sound
            return self._ears.hear(sound.path, seconds, config, began)

    def mask_overlay(self, owner: str, form: EditForm) -> Path:
        """An MP4 of the part with the mask drawn on it, as an edit of the whole part would use it; the sound may be missing.

        Raises:
            SoundiniError: the mask cannot be used.
        """
        key = key_of(owner)
        form = form.model_copy(update={"sound": SELF, "scope": "all"})
        refuse_gaps(form)
        refuse_empty_part(form, self._uploads.facts(key, form.video))
        self._check_masks(key, form)
        folder = owner_folder(self.folder, key) / "overlays"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{overlay_name(form, recipe_of(form, self.limits).region)}.mp4"
        with self._drawing, in_labels(self._labels(key, form)):
            if not path.exists():
                with tempfile.TemporaryDirectory(dir=self.folder / "incoming") as place:
                    asked = ask(form, self._whereabouts(key, form, Path(place)), self.limits)
                    write_overlay(asked.request, path)
            path.touch()
            drop_old(folder)
        return path

    def overlay(self, owner: str, name: str) -> Path:
        """An overlay that was drawn before, by the stem of its name."""
        path = owner_folder(self.folder, key_of(owner)) / "overlays" / f"{name}.mp4"
        if not ID.fullmatch(name) or not path.is_file():
            raise MissingError("there is no such overlay")
        return path

    def submit(self, owner: str, form: EditForm) -> str:
        """Queue an edit, and return the job's id.

        Raises:
            SoundiniError: something is missing in the form, or wrong with it; or too much waits already.
        """
        key = key_of(owner)
        refuse_gaps(form)
        self._check_words(recipe_of(form, self.limits).sound.heard_as)
        refuse_empty_part(form, self._uploads.facts(key, form.video))
        self._check_masks(key, form)
        video = self._uploads.find(key, form.video).label
        sound = "" if form.sound == SELF else self._uploads.find(key, form.sound).label
        refuse_full(self.folder, self.limits)
        return self._queue.submit(key, new_ticket(form, f"{video} + {sound}" if sound else video))

    def _check_words(self, said: str) -> None:
        """Refuse what the visitor says the sound is, where the models do not know it."""
        if said:
            said_shares(said, (0.0,), self.sound_classes)

    def jobs(self, owner: str) -> list[JobView]:
        """The jobs of an owner, the newest first."""
        return self._queue.views(key_of(owner))

    def job(self, owner: str, job_id: str) -> JobView:
        """One job."""
        return self._queue.view(key_of(owner), job_id)

    def form(self, owner: str, job_id: str) -> EditForm:
        """What a job was asked to do: for *Do it again with...*."""
        return self._queue.find(key_of(owner), job_id).ticket.form

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
        return restored(self._uploads, key, file_id, self._queue.done(key), self.models)

    def painted(self, owner: str, form: EditForm) -> EditForm:
        """A form that asks for the same mask with its shapes painted, where its video is here."""
        return painted_shapes(self._uploads, key_of(owner), form)

    def _whereabouts(self, key: str, form: EditForm, folder: Path) -> Whereabouts:
        facts = self._uploads.facts(key, form.video)
        files = {i: self._uploads.find(key, i).path for i in files_of(form)}
        return Whereabouts(files, folder, facts.size, facts.frames, self.models)

    def _labels(self, key: str, form: EditForm) -> dict[Path, str]:
        files = [self._uploads.find(key, i) for i in files_of(form)]
        return {file.path: file.label for file in files}

    def _check_masks(self, key: str, form: EditForm) -> None:
        """Refuse painted masks of another size than the video, and shapes outside it, before anything waits for them."""
        facts = self._uploads.facts(key, form.video)
        for kind, text in drawn_shapes(form).items():
            shape_mask(kind, text, facts.size)
        for file in (self._uploads.find(key, mask.file) for mask in form.masks):
            width, height = picture_size(file.path)
            if (width, height) != (facts.width, facts.height):
                raise MaskError(
                    f"{file.label} is {width}x{height}, the video {facts.width}x{facts.height}; "
                    "paint it on a frame of this video"
                )

    def _do(self, job: LiveJob, models: Models) -> Generator[EditEvent, None, None]:
        """Do a job of the queue, in its thread."""
        from soundini.web.jobs.running import run_asked

        form = job.ticket.form
        with in_labels({**self._labels(job.key, form), job.folder: "", self.folder: ""}):
            asked = ask(form, self._whereabouts(job.key, form, job.folder), self.limits)
            yield from run_asked(asked, job.folder, models)

    def _load(self) -> Models:
        """Load the models, in the queue's thread."""
        with self._loading:
            from soundini.web.jobs.running import load

            return load(self.models)
