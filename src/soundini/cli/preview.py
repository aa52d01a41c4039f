"""``soundini preview``."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from rich.console import Console
from tyro.conf import arg

from soundini.cli.options import (
    ClipOptions,
    EditFlags,
    MaskFlags,
    MaskOptions,
    Output,
    RecipeOptions,
    edit_request,
)
from soundini.cli.picture import check_picture, strip, write_png
from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.editing.files import PreparedEdit


@dataclass(frozen=True)
class Preview:
    """Edit one frame, or eight, in seconds, and write them below the source frames as a PNG strip."""

    clip: ClipOptions = field(default_factory=ClipOptions)
    output: Output = None
    """The PNG to write."""
    frames: Annotated[Literal[1, 8], arg(metavar="1|8")] = 1
    """One frame, where the sound is strongest, or eight spread over the part."""
    mask: MaskOptions = field(default_factory=MaskOptions)
    recipe: RecipeOptions = field(default_factory=RecipeOptions)
    edit_flags: EditFlags = field(default_factory=EditFlags)
    mask_flags: MaskFlags = field(default_factory=MaskFlags)

    def run(self) -> int:
        """Edit the frames and lay them side by side."""
        if self.output is None:
            raise ConfigError("name the picture to write: -o strip.png")
        flags = (self.edit_flags, self.mask_flags)
        with tempfile.TemporaryDirectory() as folder:
            nowhere = Path(folder) / "preview.mp4"
            request = edit_request(self.clip, self.mask, self.recipe, flags, nowhere)
            output = check_picture(self.output, request.inputs)
            from soundini.cli.job import prepare, tell
            from soundini.editing.stills import pick_stills
            from soundini.events import FrameDone

            edit = prepare(request, Console())
        try:
            tell(edit)
            chosen = choose(edit, self.frames)
            picked = pick_stills(edit, chosen)
            edited = [e.rgb for e in picked.events() if isinstance(e, FrameDone)]
        finally:
            edit.close()
        write_png(output, strip([picked.frames, edited]))
        numbers = ", ".join(str(edit.first + i) for i in chosen)
        print(f"{output}: frame {numbers} of {request.video}, the source above the edit")
        return 0


def choose(edit: PreparedEdit, wanted: int) -> list[int]:
    """Choose frames with a mask: spread over the part, or the one where the sound is strongest."""
    from soundini.cli.picture import spread

    covered = [i for i, b in enumerate(edit.masks.bounds) if b is not None]
    if wanted > 1:
        return [covered[i] for i in spread(len(covered), wanted)]
    return [max(covered, key=lambda i: float(edit.track.strength[i]))]
