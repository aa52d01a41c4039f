"""Begins a job, or resumes the one that was begun for the same edit."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from soundini.editing.files import PreparedEdit, hash_inputs, preparing_edit
from soundini.editing.methods import weight_hashes
from soundini.editing.request import EditRequest, absolute
from soundini.errors import ConfigError
from soundini.events import MaskMade
from soundini.jobs.job import JOB_PATIENCE, Job, delete_job, is_running
from soundini.jobs.run import preparing_job
from soundini.packs.pack import ModelPack


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
