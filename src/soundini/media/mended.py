"""Presents files to FFmpeg in a form that it reads rightly, where it would fail or misread them."""

import io
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageSequence

from soundini.errors import MediaError, Message
from soundini.media.joined import film_pieces
from soundini.media.limits import FRAMES, MAX_PIXELS
from soundini.media.pieces import Piece, true_lengths

_GIF = (b"GIF87a", b"GIF89a")
_CONTROL = b"\x21\xf9\x04\0\0\0\0\0"
"""An empty graphic control block: the picture after it is shown for the usual tenth of a second."""
_ANIMATED = 2
_TICK = Fraction(1, 1000)
_NEXT_TO_NOTHING = 10
_USUAL = 100
"""Milliseconds: browsers show a picture whose duration is at most the first of these for the second."""


class MendedFile(io.RawIOBase):
    """A readable file that is put together from parts of another one and bytes between them.

    Args:
        path: the file.
        pieces: what is read, in turn.
    """

    def __init__(self, path: Path, pieces: Iterable[Piece]) -> None:
        self._pieces = list(pieces)
        lengths = [len(p) if isinstance(p, bytes) else p[1] - p[0] for p in self._pieces]
        self._begins = [0, *accumulate(lengths)]
        self._file = path.open("rb")
        self._at = 0

    def readable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    def tell(self) -> int:
        """See :class:`io.RawIOBase`."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See :class:`io.RawIOBase`."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._begins[-1]}
        self._at = offset + origin[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """See :class:`io.RawIOBase`."""
        end = self._begins[-1] if size < 0 else min(self._at + size, self._begins[-1])
        data = bytearray()
        number = bisect_right(self._begins, self._at) - 1
        while self._at < end:
            piece, begin = self._pieces[number], self._begins[number]
            first, last = self._at - begin, min(end, self._begins[number + 1]) - begin
            if isinstance(piece, bytes):
                part = piece[first:last]
            else:
                self._file.seek(piece[0] + first)
                part = self._file.read(last - first)
            if not part and last > first:  # the file became shorter
                break
            data += part
            self._at += len(part)
            number += self._at == self._begins[number + 1]
        return bytes(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def mended(path: Path) -> io.RawIOBase | io.BytesIO | None:
    """Mend a file for FFmpeg; None if it can be read as it is.

    Placeholders and lengths that are too small become the actual lengths. Joined films in FLV and ASF become one film; of
    those in MP4 and NUT only the first is kept, as in players. A GIF without control blocks and an animated WebP become
    ordinary films.

    Args:
        path: a readable file.

    Raises:
        MediaError: an animated WebP is damaged.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if is_animated_webp(head):
        return webp_film(path)
    if head.startswith(_GIF):
        at = _colours_end(head)
        if head[at : at + 1] != b",":  # a picture comes at once, without any block before it
            return None
        return MendedFile(path, [(0, at), _CONTROL, (at, path.stat().st_size)])
    pieces = film_pieces(path, head) or replaced(path, true_lengths(path, head))
    return MendedFile(path, pieces) if pieces else None


def replaced(path: Path, bytes_at: Mapping[int, bytes]) -> list[Piece]:
    """The pieces of a file with some bytes replaced; empty if there are none to replace.

    Args:
        path: the file.
        bytes_at: the new bytes, by their positions.
    """
    pieces: list[Piece] = []
    at = 0
    for place, new in sorted(bytes_at.items()):
        pieces += [(at, place), new]
        at = place + len(new)
    return [*pieces, (at, path.stat().st_size)] if pieces else []


def _colours_end(head: bytes) -> int:
    """Where the header and the colour table of a GIF end."""
    return 13 + (3 << (head[10] & 7) + 1 if len(head) > 10 and head[10] & 0x80 else 0)


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
