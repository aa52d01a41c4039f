"""Doing a prepared edit under the eyes of the user."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from soundini.cli.progress import EditProgress, PreviewFile, format_losses
from soundini.cli.stopping import stop_on_interrupt
from soundini.events import EditDone, FileDone

if TYPE_CHECKING:
    from soundini.editing.files import PreparedEdit
    from soundini.editing.request import EditRequest


def prepare(request: EditRequest, console: Console) -> PreparedEdit:
    """Check the inputs and load the models, with a sign of life."""
    with console.status("reading the video, the masks, the sound and the models"):
        from soundini.editing.files import prepare_edit

        return prepare_edit(request)


def do_edit(request: EditRequest, preview_file: Path | None = None) -> FileDone:
    """Edit, show the progress and print the summary.

    Args:
        request: what to do.
        preview_file: PNG to show the work on.

    Raises:
        SoundiniError: an input cannot be used.
        KeyboardInterrupt: Ctrl-C; nothing is written.
    """
    console = Console(soft_wrap=True)
    preview = PreviewFile(preview_file)
    edit = prepare(request, console)
    from soundini.editing.files import run_edit

    print(heard(edit), flush=True)
    end: EditDone | None = None
    done: FileDone | None = None
    with (
        stop_on_interrupt() as stop,
        EditProgress(console) as progress,
        closing(run_edit(edit)) as events,
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
    _summarise(done, end)
    return done


def heard(edit: PreparedEdit) -> str:
    """Say what the joint space makes of the sound, where it has words for it."""
    from soundini.joint.naming import mean_names

    names = mean_names(edit.pack.joint, edit.track.heard[edit.track.strength > 0])
    if not names:
        return "the sound lies ready"
    best = list(names.items())[:3]
    return "the sound is heard as " + ", ".join(f"{name} {share:.0%}" for name, share in best)


def _summarise(done: FileDone, end: EditDone) -> None:
    print(f"\noutput      {done.path} ({end.frames} frames)")
    print(f"recipe      {done.recipe}")
    print(f"seconds     {done.seconds:.1f} ({end.seconds:.1f} of them sampling)")
    if end.temporal is not None:
        t = end.temporal
        print(f"warp error  source {t.source:.4f}, edited {t.edited:.4f}, ratio {t.ratio:.2f}")
    if end.losses:
        print(f"losses      {format_losses(end.losses)}")
    for warning in done.warnings:
        print(f"warning     {warning}")
