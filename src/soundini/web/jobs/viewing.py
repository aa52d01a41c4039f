"""Copies of films that every browser plays: phones and Safari refuse odd widths and heights."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from soundini.media.planes import COMMON
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter


def view_of(film: Path) -> Path:
    """The file to play: the copy of a film if there is one, else the film."""
    copy = _copy_of(film)
    return copy if copy.is_file() else film


def write_view(film: Path) -> None:
    """Write a copy of a film beside it, its last column and its last row repeated to an even size.

    Nothing is written if the film has an even size and a pixel format that everything plays.

    H.264 in ``yuv420p``, which everything plays, has no odd sizes. The copy keeps the film's times and sound.

    Args:
        film: an MP4 of ours.

    Raises:
        MediaError: the disk is full.
    """
    with VideoReader(film) as reader:
        info = reader.info
        right, below = info.width % 2, info.height % 2
        if not right and not below and info.pixel_format == COMMON:
            return
        like = replace(info, width=info.width + right, height=info.height + below)
        audio = "source" if info.has_audio else "none"
        with VideoWriter(
            _copy_of(film), like, preset="veryfast", audio=audio, audio_source=film
        ) as writer:
            for frame in reader.frames():
                whole = np.pad(frame.rgb, ((0, below), (0, right), (0, 0)), mode="edge")
                writer.write(whole, frame.time, frame.duration)


def _copy_of(film: Path) -> Path:
    return film.with_suffix(f".view{film.suffix}")
