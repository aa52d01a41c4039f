"""Begins a job, or resumes the one that was begun for the same edit; and runs it from wherever it stands."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from soundini.editing.files import PreparedEdit, hash_inputs, preparing_edit, run_edit
from soundini.editing.methods import weight_hashes
from soundini.editing.request import EditRequest, absolute
from soundini.errors import ConfigError
from soundini.events import EditEvent, FileDone, MaskMade, StepDone
from soundini.jobs.job import JOB_PATIENCE, Job, delete_job, is_running
from soundini.jobs.journal import Journal
from soundini.jobs.record import differences, now
from soundini.jobs.windows import WindowFiles
from soundini.packs.pack import ModelPack

SECONDS_BETWEEN_STATES = 5.0


def preparing_job(
    job: Job, output: Path | None = None, pack: ModelPack | None = None
) -> Generator[MaskMade, None, PreparedEdit]:
    """Prepare what a job has left to do; stop iterating to give it up.

    Args:
        job: the job, held.
        output: another place for the video, or None.
        pack: models already loaded, or None to load the job's.

    Yields:
        :class:`MaskMade` while the mask is made.

    Raises:
        ConfigError: an input or a weight file is not what it was when the job began.
        SoundiniError: an input cannot be used.
    """
    request = job.record.request
    if output is not None:
        request = request.model_copy(update={"output": output.absolute()})
    _refuse(job, differences(job.record.inputs, hash_inputs(request)))
    edit = yield from preparing_edit(request, pack)
    try:
        _refuse(job, differences(job.record.weights, weight_hashes(edit.pack, edit.request.recipe)))
        if request != job.record.request:
            job.update(request=request)
    except BaseException:
        edit.close()
        raise
    return edit


def _refuse(job: Job, changed: list[str]) -> None:
    if len(changed) == 1:
        raise ConfigError(
            "{changed} changed since the job {job} began; put back what was there, or begin a new edit",
            changed=Path(changed[0]),
            job=job.name,
        )
    if changed:
        raise ConfigError(
            "{changed} and {count} more changed since the job {job} began; put back what was there, "
            "or begin a new edit",
            changed=Path(changed[0]),
            count=len(changed) - 1,
            job=job.name,
        )


def run_job(
    job: Job, edit: PreparedEdit, seconds_between_states: float = SECONDS_BETWEEN_STATES
) -> Generator[EditEvent, None, None]:
    """Do what a job has left to do; stop iterating, or be killed, and it can go on later.

    The output is the same, byte for byte, however often the job was stopped. When it is there, the windows are deleted.

    Args:
        job: the job, held.
        edit: the same, prepared.
        seconds_between_states: least time between two states of the running window, seconds.

    Yields:
        The events of :func:`soundini.editing.files.run_edit`; steps and windows that were done before do not come again.

    Raises:
        SoundiniError: the disk is full, say; the record tells of it, and the job can go on.
    """
    with Journal(job.folder) as journal:
        try:
            if job.record.state != "open":
                job.update(state="open", error="", ended="")
            journal.tell("begun")
            files = WindowFiles(
                job.folder,
                job.record.token,
                seconds_between_states,
                lambda words: journal.tell("damaged", what=words),
            )
            with closing(run_edit(edit, files, job.record.token)) as events:
                for event in events:
                    if isinstance(event, StepDone):
                        journal.add(event)
                    elif isinstance(event, FileDone):
                        journal.tell("done", seconds=round(event.seconds, 2))
                        job.update(state="done", ended=now())
                        job.drop_work()
                    yield event
        except (GeneratorExit, KeyboardInterrupt):
            if job.record.state != "done":
                _note(job, journal, "stopped")
            raise
        except BaseException as error:
            _note(job, journal, "failed", error)
            raise


def _note(job: Job, journal: Journal, event: str, error: BaseException | None = None) -> None:
    """Record how an attempt ended, unless the disk is too full for that."""
    words = " ".join(str(error).split()) or type(error).__name__ if error is not None else ""
    try:
        if error is not None:
            job.update(state="failed", error=words, ended=now())
        journal.tell(event, **({"error": words} if words else {}))
    except Exception:  # the disk is still full
        return


def begin_or_resume(
    request: EditRequest, folder: Path, pack: ModelPack, patience: float = JOB_PATIENCE
) -> Generator[MaskMade, None, tuple[Job, PreparedEdit]]:
    """The job of an edit: the one in the folder, if it is of this very edit, else a new one in its place.

    Args:
        request: the edit, with absolute paths.
        folder: of the job. A job of another edit there is deleted, and so is one that is damaged.
        pack: its models.
        patience: seconds to wait for a job that another process holds.

    Yields:
        How far the masks are.

    Returns:
        The job, held, and what is left to do of it. Close both.

    Raises:
        ConfigError: another process works on the job.
        SoundiniError: an input cannot be used.
    """
    job = _begun(folder, patience)
    if job is not None:
        try:
            if _is_of(job, request, weight_hashes(pack, request.recipe)):
                return job, (yield from preparing_job(job, pack=pack))
        except BaseException:
            job.close()
            raise
        job.close()
        delete_job(folder)
    edit = yield from preparing_edit(request, pack)
    try:
        return Job.create(edit, folder), edit
    except BaseException:
        edit.close()
        raise


def is_same_edit(asked: EditRequest, recorded: EditRequest) -> bool:
    """Whether two edits have the same paths and settings.

    An edit that was fitted to a memory no longer names it, nor ``auto``: what was chosen stands in its place, and is taken for
    the same.
    """
    asked, recorded = absolute(asked), absolute(recorded)
    asked = _with_chosen(asked, recorded)
    if asked.recipe.compute.memory and not recorded.recipe.compute.memory:
        ours, theirs = asked.recipe, recorded.recipe
        if theirs.window.frames > ours.window.frames:
            return False
        compute = {"memory": "", "chunk": theirs.compute.chunk}
        chosen = {
            "window": ours.window.model_copy(update={"frames": theirs.window.frames}),
            "compute": ours.compute.model_copy(update=compute),
        }
        asked = asked.model_copy(update={"recipe": ours.model_copy(update=chosen)})
    return asked == recorded


def _with_chosen(asked: EditRequest, recorded: EditRequest) -> EditRequest:
    """The request, with the chosen values in place of ``auto``."""
    ours, theirs = asked.recipe.compute, recorded.recipe.compute
    names = ("chunk", "checkpoint", "offload")
    chosen = {name: getattr(theirs, name) for name in names if getattr(ours, name) == "auto"}
    recipe = asked.recipe.model_copy(update={"compute": ours.model_copy(update=chosen)})
    return asked.model_copy(update={"recipe": recipe})


def _begun(folder: Path, patience: float) -> Job | None:
    """The job in a folder; a damaged or half-made one is deleted."""
    if not folder.exists():
        return None
    try:
        return Job.open(folder, patience)
    except ConfigError:
        if is_running(folder):
            raise
        delete_job(folder)
        return None


def _is_of(job: Job, request: EditRequest, weights: dict[str, str]) -> bool:
    record = job.record
    same = is_same_edit(request, record.request) and record.weights == weights
    return same and record.inputs == hash_inputs(request)
