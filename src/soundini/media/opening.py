"""Opens media files; errors say in one line what is wrong."""

import io
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from soundini.errors import MediaError, Message
from soundini.media.content import something_else
from soundini.media.limits import IDLE_SECONDS
from soundini.media.mended import mended
from soundini.media.wholeness import is_cut_off

_ISO_MEDIA_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of a music file is no video


def check_readable(path: Path) -> None:
    """Refuse what cannot be a media file before FFmpeg sees it.

    Args:
        path: The file to look at.

    Raises:
        MediaError: ``path`` is missing, a folder, not a plain file, empty or not readable.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise MediaError("{file}: no such file; check the path", file=path) from None
    except (OSError, ValueError) as error:  # a name that the file system does not allow
        raise MediaError(
            "{file}: cannot be read ({why}); check the path", file=path, why=reason(error)
        ) from None
    if stat.S_ISDIR(status.st_mode):
        raise MediaError("{file}: is a folder; give the file itself", file=path)
    if not stat.S_ISREG(status.st_mode):
        raise MediaError("{file}: is not a plain file; copy it to disk first", file=path)
    if status.st_size == 0:
        raise MediaError("{file}: is empty (0 bytes); copy or export it again", file=path)


def open_input(path: Path) -> InputContainer:
    """Open a local media file for reading; never the network.

    Args:
        path: A video, sound or image file.

    Returns:
        The open container; close it, or use it as a context manager.

    Raises:
        MediaError: The file is missing, unreadable, incomplete, or no media file.
    """
    check_readable(path)
    try:
        container = open_part(path, mended(path))
        known = any(stream.codec_context for stream in container.streams)
        if not known and container.format.name.startswith("mov") and is_cut_off(path):
            container.close()
            raise _incomplete(path)
        return container
    except av.error.ExitError:
        what = Message("nothing of it could be read for longer")
        raise IDLE_SECONDS.exceeded(path, what) from None
    except PermissionError:
        raise MediaError("{file}: permission denied; check who may read it", file=path) from None
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise _unknown(path, error) from None


def open_part(path: Path, part: io.RawIOBase | io.BytesIO | None) -> InputContainer:
    """Open a file, or its mended form; errors are FFmpeg's."""
    # A playlist could name addresses; the whitelist keeps FFmpeg to local files.
    return av.open(
        f"file:{path}" if part is None else part,
        "r",
        options={"protocol_whitelist": "file"},
        metadata_errors="ignore",
        timeout=IDLE_SECONDS.value,
    )


def packets_of(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Packet]:
    """The packets of a stream, and an empty one at the end, which makes a decoder give what it holds.

    PyAV fails at the first packet of a stream that begins midway, and can go on after it.
    """
    while True:
        try:
            yield from container.demux(stream)
            return
        except IndexError:
            continue


def frames_of(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The decoded frames of a video, see :func:`packets_of`; errors are FFmpeg's."""
    for packet in packets_of(container, stream):
        for frame in packet.decode():
            yield cast("VideoFrame", frame)


def find_video(container: InputContainer) -> VideoStream | None:
    """Return the first video stream that is not a cover picture, or None; a still picture only if there is nothing else."""
    streams = [
        stream
        for stream in container.streams.video
        if not int(stream.disposition) & _ATTACHED_PICTURE
    ]
    return next((s for s in streams if not is_still(container, s)), next(iter(streams), None))


def is_still(container: InputContainer, stream: VideoStream) -> bool:
    """Whether a stream is a single picture without a duration, as in AVIF and HEIC files."""
    is_one = stream.frames == 1 and not stream.duration and stream.time_base == 1
    return container.format.name.startswith("mov") and is_one


def find_audio(container: InputContainer) -> AudioStream | None:
    """Return the first audio stream, or None."""
    return next(iter(container.streams.audio), None)


def reason(error: Exception) -> str:
    """FFmpeg's description of an error, without numbers and file names."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(words.split())


def _unknown(path: Path, error: Exception) -> MediaError:
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:8] in _ISO_MEDIA_BOXES:
        return _incomplete(path)
    return something_else(path) or MediaError(
        "{file}: is not a video, sound or image file that FFmpeg knows ({why}); "
        "convert it to mp4 or wav first",
        file=path,
        why=reason(error),
    )


def _incomplete(path: Path) -> MediaError:
    return MediaError(
        "{file}: the file is incomplete (its index, the moov atom, is missing or damaged); "
        "copy or record it again",
        file=path,
    )
