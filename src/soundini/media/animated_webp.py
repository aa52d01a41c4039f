"""Turns animated WebP, which FFmpeg does not play, into a film that it plays."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageSequence

from soundini.errors import MediaError, Message
from soundini.media.limits import FRAMES, MAX_PIXELS

_ANIMATED = 2
_TICK = Fraction(1, 1000)
_NEXT_TO_NOTHING = 10
_USUAL = 100
"""Milliseconds: browsers show a picture whose duration is at most the first of these for the second."""


def is_animated_webp(head: bytes) -> bool:
    """Whether a file is an animated WebP, by its first 32 bytes."""
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(sum(head[20:21]) & _ANIMATED)


def webp_film(path: Path) -> io.BytesIO:
    """Convert an animated WebP to a film without loss, each picture at its time; the last result is kept in memory.

    Args:
        path: an animated WebP.

    Returns:
        A QuickTime film of PNG pictures, with alpha where the file has it.

    Raises:
        MediaError: it is damaged, or larger than the limits of :mod:`soundini.media.limits`.
    """
    status = path.stat()
    return io.BytesIO(_film(path, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=1)
def _film(path: Path, size: int, changed: int) -> bytes:
    number = 0
    try:
        with Image.open(path, formats=("WEBP",)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(
                    "{file}: is {width}x{height} pixels; the largest size is 8192x4320, so scale it down first",
                    file=path,
                    width=image.width,
                    height=image.height,
                )
            out = io.BytesIO()
            with av.open(out, "w", format="mov") as container:
                stream = container.add_stream("png", rate=25, options={"compression_level": "1"})
                stream.width, stream.height = image.size
                stream.pix_fmt = "rgba" if image.mode == "RGBA" else "rgb24"
                stream.codec_context.time_base = stream.time_base = _TICK
                time = 0
                for number, picture in enumerate(ImageSequence.Iterator(image)):
                    if number >= FRAMES.value:
                        what = Message("has a frame number {frame}", {"frame": number})
                        raise FRAMES.exceeded(path, what)
                    pixels = np.asarray(picture.convert(image.mode))
                    frame = VideoFrame.from_ndarray(pixels, format=stream.pix_fmt)
                    frame.pts, frame.time_base = time, _TICK
                    said = int(picture.info.get("duration", 0))
                    length = said if said > _NEXT_TO_NOTHING else _USUAL
                    time += length
                    for packet in stream.encode(frame):
                        packet.duration = length
                        container.mux(packet)
                container.mux(stream.encode(None))
    except MediaError:
        raise
    except Exception as error:  # a damaged picture makes the decoder fail with any kind of error
        raise MediaError(
            "{file}: decoding failed at frame {frame} ({why}); copy or export the file again",
            file=path,
            frame=number,
            why=" ".join(str(error).split()),
        ) from None
    return out.getvalue()
