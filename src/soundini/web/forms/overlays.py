"""Short films that show where a mask lies in every frame, before anything is edited."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from soundini.config.recipe import RegionConfig
from soundini.editing.request import EditRequest
from soundini.web.form import EditForm

_LONGEST_SIDE = 960
_KEPT = 12
"""Overlays that are kept for a session: somebody who paints looks at many."""
_SHOWN = 2000
"""Frames that can be looked at one by one while the rest is drawn."""
_SEEN = (
    *("video", "masks", "box", "ellipse", "whole_frame", "track"),
    *("dilate", "feather", "start", "end"),
)
"""Fields of a form that an overlay depends on."""


def overlay_name(form: EditForm, region: RegionConfig) -> str:
    """A name for an overlay; the same mask gives the same name."""
    seen = form.model_dump_json(include=set(_SEEN)) + region.model_dump_json()
    return hashlib.sha256(seen.encode()).hexdigest()[:32]


@dataclass
class Drawing:
    """An overlay that is being drawn.

    Args:
        folder: holds its finished frames as pictures.
        frames: how many there will be.
        first: number in the video of the first.
        done: how many are drawn.
    """

    folder: Path
    frames: int
    first: int = 0
    done: int = 0

    @property
    def share(self) -> float:
        """Share of the frames that are drawn, 0 to 1."""
        return min(1.0, self.done / self.frames)

    @property
    def last(self) -> int | None:
        """Number in the video of the last frame that is drawn; None before the first."""
        return self.first + min(self.done, _SHOWN) - 1 if self.done else None

    def picture(self, index: int) -> Path:
        """Path of a frame, by its number in the video."""
        return self.folder / f"{index}.jpg"


def write_overlay(
    request: EditRequest, path: Path, drawing: Drawing, told: Callable[[], None]
) -> None:
    """Write an MP4 of a part with its mask drawn on it, at most 960 pixels a side, which every browser plays.

    Args:
        request: which part of which video, and which mask.
        path: where to write.
        drawing: receives the frames and their count.
        told: called after each frame; an exception of it stops the drawing.

    Raises:
        SoundiniError: the mask is empty, of another size than the video, or the video is damaged.
    """
    import cv2
    from PIL import Image

    from soundini.editing.masking import make_masks
    from soundini.editing.part import part_of
    from soundini.masks.preview import overlay
    from soundini.media.video_reader import VideoFrame, VideoReader
    from soundini.media.video_writer import VideoWriter

    with VideoReader(request.video) as reader:
        first, stop = part_of(reader, request.start, request.end)
        drawing.first = first
        info = reader.info
        scale = min(1.0, _LONGEST_SIDE / max(info.width, info.height))
        width, height = (2 * max(8, round(side * scale / 2)) for side in (info.width, info.height))
        held: dict[int, VideoFrame] = {}

        def shrunk(picture: np.ndarray) -> np.ndarray:
            return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)

        def frames() -> Iterator[np.ndarray]:
            for number, frame in enumerate(reader.frames(first, stop)):
                held[number] = replace(frame, rgb=shrunk(frame.rgb))
                yield frame.rgb

        masks = make_masks(request.mask, request.recipe.region, info, frames(), first, stop)
        like = replace(info, width=width, height=height, sample_aspect_ratio=Fraction(1))
        began: Fraction | None = None
        with VideoWriter(path, like, crf=23, preset="veryfast") as writer:
            for number, mask in enumerate(masks):
                frame = held.pop(number)
                began = frame.time if began is None else began
                drawn = overlay(frame.rgb, shrunk(mask))
                writer.write(drawn, frame.time - began, frame.duration)
                if number < _SHOWN:
                    Image.fromarray(drawn).save(drawing.picture(first + number), quality=80)
                drawing.done = number + 1
                told()


def drop_old(folder: Path) -> None:
    """Delete all but the latest overlays of a folder."""
    films = sorted(folder.glob("*.mp4"), key=lambda path: -path.stat().st_mtime)
    for path in films[_KEPT:]:
        path.unlink(missing_ok=True)
