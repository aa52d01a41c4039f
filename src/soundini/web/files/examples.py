"""Examples to try: a clip that a dependency ships, a synthesised sound, and where to edit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.demo.clip import demo_clip
from soundini.errors import MediaError
from soundini.web.form import EditForm, PaintedMask
from soundini.web.refusals import MissingError

if TYPE_CHECKING:
    from soundini.media.sound import Sound
    from soundini.web.views import FileKind

_SECONDS = 2.0
_SCENES = {"street": (140, 186), "cellar": (214, 242)}
"""Two scenes of the clip: the first frame of each, and one past the last."""


@dataclass(frozen=True)
class Example:
    """A sound, a scene and the place that is edited.

    Args:
        name: the class of the sound.
        scene: the part of the clip, which several examples share.
        polygon: where it is edited, in shares of the frame; empty for the whole frame.
    """

    name: str
    scene: str
    polygon: tuple[tuple[float, float], ...] = ()


EXAMPLES = {
    example.name: example
    for example in (
        Example("fire", "cellar", ((0.695, 0.44), (0.925, 0.44), (0.925, 0.77), (0.70, 0.74))),
        Example("rain", "street"),
        Example("snow_wind", "street"),
        Example("thunderstorm", "street"),
        Example("sea", "street", ((0, 0.46), (1, 0.46), (1, 1), (0, 1))),
        Example("underwater", "street"),
    )
}


def example_names() -> tuple[str, ...]:
    """The examples that can be tried here; none where the clip is not installed."""
    with suppress(MediaError):
        demo_clip()
        return tuple(EXAMPLES)
    return ()


def find_example(name: str) -> Example:
    """An example by its name.

    Raises:
        MissingError: there is none.
    """
    if name not in example_names():
        raise MissingError("there is no such example")
    return EXAMPLES[name]


def bring_example(
    example: Example, folder: Path, keep: Callable[[FileKind, Path], str]
) -> EditForm:
    """Give the visitor the files of an example, and return the form that edits them.

    Args:
        example: which.
        folder: of the server, where files of examples are made once.
        keep: stores a file for the visitor, and returns its id.
    """
    made = folder / "examples"
    made.mkdir(exist_ok=True)
    video = keep("video", _made(made / f"{example.scene}.mp4", example, write_clip))
    sound = keep("sound", _made(made / f"{example.name} (synthesised).wav", example, write_sound))
    form = EditForm(video=video, sound=sound, heard_as=example.name)
    if not example.polygon:
        return form.model_copy(update={"whole_frame": True})
    mask = keep("mask", _made(made / f"{example.name}.png", example, write_mask))
    return form.model_copy(update={"masks": (PaintedMask(frame=0, file=mask),)})


def _made(path: Path, example: Example, write: Callable[[Example, Path], None]) -> Path:
    """A file of an example, made where it is not there yet."""
    if not path.exists():
        partial = path.with_stem(f"{path.stem}.partial")
        write(example, partial)
        partial.rename(path)
    return path


def write_clip(example: Example, path: Path) -> None:
    """Write the part of the clip that an example shows, as an MP4 without sound.

    Raises:
        MediaError: it cannot be written.
    """
    from soundini.media.video_reader import VideoReader
    from soundini.media.video_writer import VideoWriter

    with VideoReader(demo_clip()) as reader, VideoWriter(path, reader.info) as writer:
        began = None
        for frame in reader.frames(*_SCENES[example.scene]):
            began = frame.time if began is None else began
            writer.write(frame.rgb, frame.time - began, frame.duration)


def write_sound(example: Example, path: Path) -> None:
    """Write the synthesised sound of an example as WAV."""
    from soundini.demo.sounds import write_wav

    write_wav(path, _synthesised(example.name))


def write_mask(example: Example, path: Path) -> None:
    """Write where an example with a polygon is edited, as PNG of the clip's size."""
    from soundini.masks.pictures import mask_png
    from soundini.masks.shapes import shape_mask
    from soundini.media.video_info import probe_video

    info = probe_video(demo_clip())
    text = ",".join(f"{share:.6f}" for point in example.polygon for share in point)
    path.write_bytes(mask_png(shape_mask("polygon", text, (info.height, info.width))))


def _synthesised(name: str) -> Sound:
    from soundini.demo.sounds import bubbles, crackle, shower, surf, thunder, wind

    makers: dict[str, Callable[[float], Sound]] = {
        "fire": crackle,
        "rain": shower,
        "snow_wind": wind,
        "thunderstorm": thunder,
        "sea": surf,
        "underwater": bubbles,
    }
    return makers[name](_SECONDS)
