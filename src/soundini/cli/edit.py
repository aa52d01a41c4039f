"""``soundini edit``, and ``soundini resume``, which goes on with an edit."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import FlagCreatePairsOff, Positional, arg

from soundini.cli.options import (
    ClipOptions,
    EditFlags,
    MaskFlags,
    MaskOptions,
    Output,
    RecipeOptions,
    edit_request,
)


@dataclass(frozen=True)
class Edit:
    """Edit a video by a sound, inside a mask.

    For example: soundini edit in.mp4 --sound fire.wav --box 0.2,0.3,0.4,0.5 -o out.mp4
    """

    clip: ClipOptions = field(default_factory=ClipOptions)
    output: Output = None
    """The MP4 to write; its recipe is written beside it."""
    mask: MaskOptions = field(default_factory=MaskOptions)
    recipe: RecipeOptions = field(default_factory=RecipeOptions)
    edit_flags: EditFlags = field(default_factory=EditFlags)
    mask_flags: MaskFlags = field(default_factory=MaskFlags)
    dry_run: FlagCreatePairsOff[bool] = False
    """Print the settings, the windows, the expected time and memory, and write nothing."""
    preview_file: Annotated[Path | None, arg(metavar="FILE.png", help_behavior_hint="")] = None
    """A PNG that shows the work in progress, rewritten at most twice a second."""

    job: Annotated[Path | None, arg(metavar="FOLDER", help_behavior_hint="")] = None
    """The job's folder, from which an edit that was stopped can be resumed; by default with the other jobs."""
    no_job: FlagCreatePairsOff[bool] = False
    """Keep no job, so the edit cannot be resumed."""

    def run(self) -> int:
        """Edit, or print what an edit would take."""
        flags = (self.edit_flags, self.mask_flags)
        request = edit_request(self.clip, self.mask, self.recipe, flags, self.output)
        if self.dry_run:
            from soundini.cli.dry_run import print_plan

            print_plan(request)
            return 0
        from soundini.cli.job import do_edit
        from soundini.cli.record import Record

        record = Record.read(self.recipe.recipe)
        done = do_edit(request, self.preview_file, folder=self.job, keep=not self.no_job)
        if record is not None:
            print("\n".join(record.compare(request, done)))
        return 0


@dataclass(frozen=True)
class Resume:
    """Resume an edit that was stopped, killed, or ran out of disk; the result is the same, byte for byte."""

    job: Positional[Annotated[str, arg(metavar="JOB", help_behavior_hint="")]]
    """Its name, as "soundini jobs" lists it, or its folder."""
    output: Output = None
    """Another place for the MP4."""
    preview_file: Annotated[Path | None, arg(metavar="FILE.png", help_behavior_hint="")] = None
    """A PNG that shows the work in progress, rewritten at most twice a second."""

    def run(self) -> int:
        """Do the rest of the edit."""
        from soundini.cli.job import resume

        resume(self.job, self.output, self.preview_file)
        return 0
