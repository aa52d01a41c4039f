"""Checks that an upload is of the kind it was uploaded as; errors use the visitor's name for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from soundini.errors import MediaError, Message, SoundiniError
from soundini.settings_files import read_json
from soundini.web.files.recipe_box import recipe_inside
from soundini.web.limits import Limits
from soundini.web.views import FileKind, VideoFacts

_MOST_SAMPLES = 192_000
"""Samples a second of a sound: a small file may unfold to gigabytes of silence."""


def inspect(kind: FileKind, path: Path, label: str, limits: Limits) -> VideoFacts | None:
    """Check an uploaded file.

    Args:
        kind: what it is uploaded as.
        path: where it lies.
        label: the visitor's name for it, which messages use.
        limits: how long and large it may be.

    Returns:
        The facts of a video; None for the others.

    Raises:
        MediaError: it is of another kind, damaged, or too large.
    """
    with in_labels({path: label}):
        if kind == "video":
            return _video(path, limits)
        checks: dict[FileKind, Callable[[Path, Limits], None]] = {
            "sound": _sound,
            "mask": _mask,
            "recipe": _recipe,
        }
        checks[kind](path, limits)
        return None


@contextmanager
def in_labels(labels: Mapping[Path, str]) -> Iterator[None]:
    """Make errors name files as the visitor does, not by the server's paths.

    Args:
        labels: name of each path that an error may hold; "" for a folder, which is left out of the paths of its files.
    """
    try:
        yield
    except SoundiniError as error:
        raise type(error)(labelled(error.message, labels)) from None


def labelled(message: Message, labels: Mapping[Path, str]) -> Message:
    """A message with the visitor's names for files in place of the server's paths.

    Args:
        message: its paths are the server's.
        labels: as of :func:`in_labels`.
    """

    def name(value: Any) -> Any:
        if not isinstance(value, PurePath):
            return value
        for path, label in labels.items():
            if value == path:
                return label or "the job"
        inside = [
            folder for folder, label in labels.items() if not label and folder in value.parents
        ]
        return str(
            min((value.relative_to(folder) for folder in inside), key=_length, default=value)
        )

    return message.map(name)


def _length(path: PurePath) -> int:
    return len(path.parts)


def _video(path: Path, limits: Limits) -> VideoFacts:
    from soundini.media.video_info import probe_video
    from soundini.media.video_reader import count_frames

    info = probe_video(path)
    _check_picture(path, info.width, info.height, limits)
    if info.duration is not None:
        _check_seconds(path, info.duration, limits.video_seconds, "video")
    frames = count_frames(path)
    seconds = info.duration or frames / info.frame_rate
    _check_seconds(path, seconds, limits.video_seconds, "video")
    return VideoFacts(
        width=info.width,
        height=info.height,
        frames=frames,
        frame_rate=float(info.frame_rate),
        seconds=float(seconds),
        has_sound=info.has_audio,
        has_recipe=recipe_inside(path) is not None,
    )


def _sound(path: Path, limits: Limits) -> None:
    from soundini.media.sound import load_sound, require_audible

    _count_seconds(path, limits.sound_seconds)
    require_audible(load_sound(path), path)


def _count_seconds(path: Path, most: float) -> None:
    """Decode a sound without keeping it, up to the longest that is allowed."""
    import av.error

    from soundini.media.opening import open_input
    from soundini.media.tracks import choose_track

    index = choose_track(path)
    with open_input(path) as container:
        stream = None if index is None else container.streams.audio[index]
        if stream is None or stream.codec_context is None or stream.codec_context.codec is None:
            return  # whoever loads it says so
        rate = stream.codec_context.sample_rate
        if rate > _MOST_SAMPLES:
            raise MediaError(
                "{file}: its sound has {rate} samples a second, where {most} are the most; resample it "
                "first",
                file=path,
                rate=rate,
                most=_MOST_SAMPLES,
            )
        samples = 0
        try:
            for frame in container.decode(stream):
                samples += frame.samples
                if rate > 0:
                    _check_seconds(path, Fraction(samples, rate), most, "sound")
        except av.error.FFmpegError:
            return  # whoever loads it says where it is damaged


def _mask(path: Path, limits: Limits) -> None:
    from soundini.masks.pictures import picture_size
    from soundini.masks.sources import read_mask_image

    width, height = picture_size(path)
    _check_picture(path, width, height, limits)
    if not read_mask_image(path, (height, width)).any():
        raise MediaError(
            "{file}: nothing in this mask is painted; paint what is to be edited", file=path
        )


def _recipe(path: Path, limits: Limits) -> None:
    """Let JSON pass, and videos, which may have been made here."""
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    if not head.startswith(b"{"):
        try:
            _video(path, limits)
        except MediaError:
            raise MediaError(
                "{file}: is no recipe ({why}); name a .recipe.json",
                file=path,
                why=Message("neither JSON nor a video"),
            ) from None
        return
    try:
        read_json(path)
    except ValueError as error:
        raise MediaError(
            "{file}: is no recipe ({why}); name a .recipe.json", file=path, why=error
        ) from None


def _check_picture(path: Path, width: int, height: int, limits: Limits) -> None:
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise MediaError(
            "{file}: is {width}x{height} pixels, more than the {side} a side or {pixels} in all that "
            "are taken here; scale it down first",
            file=path,
            width=width,
            height=height,
            side=limits.side,
            pixels=limits.pixels,
        )


def _check_seconds(path: Path, seconds: Fraction, most: float, what: str) -> None:
    if seconds > most:
        raise MediaError(
            "{file}: lasts longer than {seconds:g} s, the most that a {kind} may here; cut it shorter",
            file=path,
            seconds=most,
            kind=what,
        )
