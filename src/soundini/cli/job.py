"""Runs a prepared edit and shows its progress."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from soundini.cli.progress import (
    EditProgress,
    PreviewFile,
    format_losses,
    shown_preparation,
    stop_on_interrupt,
)
from soundini.cli.words import print_warning
from soundini.errors import MediaError, Message
from soundini.events import EditDone, EditEvent, FileDone
from soundini.generators import finish

if TYPE_CHECKING:
    from soundini.editing.files import PreparedEdit
    from soundini.editing.request import EditRequest
    from soundini.jobs.job import Job


def prepare(request: EditRequest, console: Console) -> PreparedEdit:
    """Check the inputs and load the models, and show progress."""
    with shown_preparation(console) as masks:
        from soundini.editing.files import preparing_edit

        return finish(preparing_edit(request), masks.show)


def do_edit(
    request: EditRequest,
    preview_file: Path | None = None,
    *,
    folder: Path | None = None,
    keep: bool = True,
) -> FileDone:
    """Edit as a job, show the progress and print the summary.

    Args:
        request: what to do.
        preview_file: PNG to show the work on.
        folder: the job's folder; None for a new one among the others.
        keep: False to keep no job.

    Raises:
        SoundiniError: an input cannot be used.
        KeyboardInterrupt: Ctrl-C; the output is not written.
    """
    console = Console(soft_wrap=True)
    preview = PreviewFile(preview_file, request.inputs)
    edit = prepare(request, console)
    from soundini.editing.files import run_edit

    with closing(edit):
        job = _new_job(edit, folder) if keep else None
        if job is None:
            return _watch(edit, run_edit(edit), console, preview)
        with job:
            return _work(job, edit, console, preview)


def resume(name: str, output: Path | None = None, preview_file: Path | None = None) -> None:
    """Resume a job, show the progress and print the summary. A finished job whose output is gone is done again.

    Args:
        name: of the job, or its folder.
        output: another place for the video.
        preview_file: PNG to show the work on.

    Raises:
        SoundiniError: there is no such job, another process works on it, or an input is not what it was.
        KeyboardInterrupt: Ctrl-C; the output is not written.
    """
    console = Console(soft_wrap=True)
    with console.status("reading the job and its inputs"):
        from soundini.jobs.job import Job, find_job
        from soundini.jobs.run import preparing_job

        job = Job.open(find_job(name))
    with job:
        preview = PreviewFile(preview_file, job.record.request.inputs)
        made = job.record.request.output
        if job.record.state == "done" and made.exists():
            job.drop_work()
            print(f"{job.name} is done; its output is {made}")
            return
        with shown_preparation(console) as masks:
            edit = finish(preparing_job(job, output), masks.show)
        for moved in job.record.other_versions():
            print_warning(f"{moved} since the job began; the bytes may differ")
        with closing(edit):
            _work(job, edit, console, preview)


def _new_job(edit: PreparedEdit, folder: Path | None) -> Job | None:
    """Make the job of an edit; None, with a warning, if the usual folder is not writable."""
    from soundini.jobs.job import Job

    try:
        return Job.create(edit, folder)
    except MediaError as error:
        if folder is not None:
            raise
        print_warning(f"{error}; this edit cannot be resumed")
        return None


def _work(job: Job, edit: PreparedEdit, console: Console, preview: PreviewFile) -> FileDone:
    from soundini.jobs.run import run_job

    try:
        return _watch(edit, run_job(job, edit), console, preview)
    except BaseException as error:
        error.add_note(f"go on with: soundini resume {shlex.quote(job.name)}")
        raise


def _watch(
    edit: PreparedEdit,
    work: Generator[EditEvent, None, None],
    console: Console,
    preview: PreviewFile,
) -> FileDone:
    tell(edit)
    end: EditDone | None = None
    done: FileDone | None = None
    with (
        stop_on_interrupt() as stop,
        EditProgress(console) as progress,
        closing(work) as events,
    ):
        for event in events:
            progress.show(event)
            preview.show(event)
            if isinstance(event, EditDone):
                end = event
            elif isinstance(event, FileDone):
                done = event
                break
            stop.check()
    assert end is not None
    assert done is not None
    _summarise(done, end, [w for w in done.warnings if w not in edit.doubts])
    return done


def tell(edit: PreparedEdit) -> None:
    """Print what is heard, and warnings, before the work begins."""
    print(heard(edit), flush=True)
    for warning in edit.warnings:
        print_warning(warning)


def heard(edit: PreparedEdit) -> str:
    """Print what the models hear, if they can name it, and what the user says it is."""
    names = edit.heard
    said = edit.request.recipe.sound.heard_as
    until = edit.heard_until
    ends = f", and ends after {until:.1f} s" if until is not None else ""
    ends += f"; it is edited as {said}, as you say" if said else ""
    if not names:
        return f"the sound lies ready{ends}"
    best = ", ".join(f"{name} {share:.0%}" for name, share in list(names.items())[:3])
    return f"the sound is heard as {best}{ends}"


def _summarise(done: FileDone, end: EditDone, warnings: Sequence[Message]) -> None:
    print(f"\noutput      {done.path} ({end.frames} frames)")
    print(f"recipe      {done.recipe}")
    resumed = end.seconds > done.seconds
    share = "of sampling in all, before and since" if resumed else "of them sampling"
    print(f"seconds     {done.seconds:.1f} ({end.seconds:.1f} {share})")
    if end.temporal is not None:
        t = end.temporal
        print(f"warp error  source {t.source:.4f}, edited {t.edited:.4f}, ratio {t.ratio:.2f}")
    if end.seams is not None:
        s = end.seams
        print(
            f"seams       border {s.border:.2f}, elsewhere {s.elsewhere:.2f}, ratio {s.ratio:.2f}"
        )
    if end.losses:
        print(f"losses      {format_losses(end.losses)}")
    for warning in warnings:
        print_warning(warning)
