"""``soundini preview`` and ``soundini mask preview``: pictures of what an edit would do, and where."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from itertools import islice
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
    assignments,
    edit_request,
)
from soundini.cli.picture import check_picture, spread, strip, write_png
from soundini.cli.words import print_warning
from soundini.config.presets import load_preset, override
from soundini.errors import ConfigError, Message

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
    covered = [i for i, b in enumerate(edit.masks.bounds) if b is not None]
    if wanted > 1:
        return [covered[i] for i in spread(len(covered), wanted)]
    return [max(covered, key=lambda i: float(edit.track.strength[i]))]


@dataclass(frozen=True)
class MaskPreview:
    """Draw the mask over a few frames.

    For example: soundini mask preview in.mp4 --ellipse 0.5,0.5,0.2,0.3 -o overlay.png
    """

    clip: ClipOptions = field(default_factory=ClipOptions)
    output: Output = None
    """The PNG to write."""
    mask: MaskOptions = field(default_factory=MaskOptions)
    mask_flags: MaskFlags = field(default_factory=MaskFlags)
    frames: Annotated[int, arg(metavar="INT")] = 4
    """How many frames, spread over the part."""

    def run(self) -> int:
        """Make the masks and draw them."""
        asked = self.mask.request()
        if self.clip.video is None or self.output is None or asked is None:
            raise ConfigError(
                "name a VIDEO, an output (-o overlay.png) and what to edit: "
                "--mask, --box, --ellipse, --polygon or --whole-frame"
            )
        region = override(load_preset("fast"), assignments(self.mask_flags)).region
        from soundini.editing.masking import make_masks
        from soundini.editing.part import part_of
        from soundini.editing.request import keyed_path
        from soundini.masks.preview import overlay
        from soundini.media.video_reader import VideoReader

        masks = (keyed_path(text)[1] for text in asked.paths)
        output = check_picture(self.output, [self.clip.video, *masks])
        with VideoReader(self.clip.video) as reader:
            first, stop = part_of(reader, self.clip.start, self.clip.end)
            count = sum(1 for _ in islice(reader.times(), first, stop))
            chosen = set(spread(count, self.frames))
            held = {}

            def frames():
                for index, frame in enumerate(reader.frames(first, stop)):
                    if index in chosen:
                        held[index] = frame.rgb
                    yield frame.rgb

            notes: list[Message] = []
            masks = make_masks(asked, region, reader.info, frames(), first, stop, notes)
            drawn = [overlay(held.pop(i), m) for i, m in enumerate(masks) if i in chosen]
        write_png(output, strip([drawn]))
        numbers = ", ".join(str(first + i) for i in sorted(chosen))
        for note in notes:
            print_warning(note)
        print(f"{output}: the mask over frame {numbers} of {self.clip.video}")
        return 0
