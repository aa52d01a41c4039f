"""Whether an upload is what it is said to be, told in the visitor's own words for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from soundini.errors import MediaError, SoundiniError
from soundini.settings_files import read_json
from soundini.web.limits import Limits
from soundini.web.views import FileKind, VideoFacts

_MOST_SAMPLES = 192_000
"""Samples a second of a sound: a small file may unfold to gigabytes of silence."""


def inspect(kind: FileKind, path: Path, label: str, limits: Limits) -> VideoFacts | None:
    """Look at an uploaded file.

    Args:
        kind: what it is said to be.
        path: where it lies.
        label: the visitor's name for it, which messages use.
        limits: how long and large it may be.

    Returns:
        The facts of a video; None for the others.

    Raises:
        MediaError: it is something else, damaged, or too much.
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
    """Tell what goes wrong with the visitor's names for files in place of the server's.

    Args:
        labels: name of each path that may stand in a message; "" for a folder that messages leave out.
    """
    try:
        yield
    except SoundiniError as error:
        raise type(error)(by_label(str(error), labels)) from None


def by_label(message: str, labels: Mapping[Path, str]) -> str:
    """A message with the visitor's names for files in place of the server's.

    Args:
        message: one line.
        labels: name of each path that may stand in it.
    """
    for path, label in sorted(labels.items(), key=lambda item: -len(str(item[0]))):
        if label:
            message = message.replace(str(path), label).replace(path.name, label)
        else:
            message = message.replace(f"{path}{os.sep}", "").replace(str(path), "the job")
    return message


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
    )


def _sound(path: Path, limits: Limits) -> None:
    from soundini.media.sound import load_sound, require_audible

    _count_seconds(path, limits.sound_seconds)
    require_audible(load_sound(path), path)


def _count_seconds(path: Path, most: float) -> None:
    """Decode a sound without keeping it, as far as it may be long."""
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
                f"{path}: its sound has {rate} samples a second, where {_MOST_SAMPLES} are the most; resample it first"
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
        raise MediaError(f"{path}: nothing in this mask is painted; paint what is to be edited")


def _recipe(path: Path, limits: Limits) -> None:
    """Let JSON pass, and videos, which may have been made here."""
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    if not head.startswith(b"{"):
        try:
            _video(path, limits)
        except MediaError:
            raise MediaError(
                f"{path}: is no recipe (neither JSON nor a video); name a .recipe.json"
            ) from None
        return
    try:
        read_json(path)
    except ValueError as error:
        raise MediaError(f"{path}: is no recipe ({error}); name a .recipe.json") from None


def _check_picture(path: Path, width: int, height: int, limits: Limits) -> None:
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise MediaError(
            f"{path}: is {width}x{height} pixels, more than the {limits.side} a side or {limits.pixels} in all "
            "that are taken here; scale it down first"
        )


def _check_seconds(path: Path, seconds: Fraction, most: float, what: str) -> None:
    if seconds > most:
        raise MediaError(
            f"{path}: lasts longer than {most:g} s, the most that a {what} may here; cut it shorter"
        )
