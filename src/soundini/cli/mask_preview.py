"""``soundini mask preview``."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated

from tyro.conf import arg

from soundini.cli.options import (
    ClipOptions,
    MaskFlags,
    MaskOptions,
    Output,
    assignments,
)
from soundini.cli.picture import check_picture, strip, write_png
from soundini.cli.words import print_warning
from soundini.config.presets import load_preset, override
from soundini.errors import ConfigError, Message


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
        from soundini.cli.picture import spread
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
