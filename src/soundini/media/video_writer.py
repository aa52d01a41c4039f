"""Writes frames to an MP4 that appears whole or not at all."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import av
import av.codec.codec
import av.error
import numpy as np
from av.video.frame import PictureType
from av.video.frame import VideoFrame as AvFrame

from soundini.errors import MediaError, Message
from soundini.media.audio_feed import (
    MP4_AUDIO,
    AudioFeed,
    CopyFeed,
    EncodeFeed,
    aac_rate,
    as_channels,
    mixed_blocks,
    sound_blocks,
)
from soundini.media.color import ColorConverter
from soundini.media.fields import FieldMark, FieldOrder
from soundini.media.output import PartialFile, check_output, write_error
from soundini.media.planes import COMMON, RGB
from soundini.media.sound import Sound
from soundini.media.source_sound import find_source_sound, source_blocks
from soundini.media.video_info import PictureFormat

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

    from soundini.media.video_reader import VideoFrame

AudioMode = Literal["none", "guide", "source", "mix"]

# The same frames must give the same bytes. x264's output depends on its number of threads, and
# its macroblock tree on uninitialised memory (seen with AVX-512 in PyAV 18's x264; MALLOC_PERTURB_
# shows it).
_DETERMINISTIC = {"threads": "1", "mbtree": "0"}
_INTERLACED = {"flags": "+ilme+ildct"}


_HELD_BACK = 2
"""Frames that are held back: the last ones are written in another way."""


class VideoWriter:
    """Writes H.264 in MP4 with the source's size, times and colours.

    The picture is ``yuv420p``, which everything plays, or as ``pixel_format`` says. That format cannot have an odd width or
    height; such sizes are kept and written as ``yuv444p``, which some players refuse. The same
    frames give the same bytes. The file appears under its name when the ``with`` block ends without
    an error, and not otherwise.

    Args:
        path: Where to write; must end in ``.mp4``.
        like: The size, rate, time base and colours to write: a ``VideoInfo`` or a
            ``PictureFormat``.
        pixel_format: One that is written, see :func:`soundini.media.planes.written_format`. Default: ``yuv420p``.
        crf: Quality from 0 (lossless) to 51; 18 is visually lossless.
        preset: x264's trade of time for size, ``ultrafast`` to ``veryslow``.
        audio: ``none``; ``guide``: ``sound`` as AAC; ``source``: the sound of ``audio_source``,
            copied where MP4 can hold it, else as AAC; ``mix``: the sum of both, softly limited.
        sound: The guide; its sample 0 plays at output time 0.
        audio_source: The source video.
        track: Number of its sound track, from 1; 0 for the default one, else the first that is audible.
        start: The source time, in seconds, whose sound plays at output time 0: of the first frame,
            when the source is trimmed. The times of frames are not touched by it.
        end: The source time at which the source's sound ends, or None for all of it.
        fields: Which field comes first, where the frames hold two, see :func:`soundini.media.fields.written_fields`.
        token: Names the file while it grows, see :class:`~soundini.media.output.PartialFile`.

    Attributes:
        path: The output.
        warnings: What differs from what was asked, in one line each: a source without sound, say.

    Raises:
        MediaError: ``path`` cannot be written, or is the source.
        ValueError: ``audio`` asks for a ``sound`` or an ``audio_source`` that was not given.

    Example::

        with VideoReader("in.mp4") as video, VideoWriter("out.mp4", video.info) as out:
            for frame in video.frames():
                out.write(frame.rgb, frame.time, frame.duration)
    """

    def __init__(
        self,
        path: str | Path,
        like: PictureFormat,
        *,
        pixel_format: str | None = None,
        crf: int = 18,
        preset: str = "medium",
        audio: AudioMode = "none",
        sound: Sound | None = None,
        audio_source: str | Path | None = None,
        track: int = 0,
        start: Fraction = Fraction(0),
        end: Fraction | None = None,
        fields: FieldOrder | None = None,
        token: str = "",
    ) -> None:
        if audio in ("guide", "mix") and sound is None:
            raise ValueError(f"audio={audio!r} needs a sound")
        if audio in ("source", "mix") and audio_source is None:
            raise ValueError(f"audio={audio!r} needs an audio_source")
        if not 0 <= crf <= 51:
            raise ValueError(f"crf must be from 0 to 51, not {crf}")
        self.path = check_output(path, [audio_source] if audio_source is not None else [])
        self.warnings: tuple[Message, ...] = ()
        self._like = like
        odd = like.width % 2 or like.height % 2
        self._pixel_format = pixel_format or ("yuv444p" if odd else COMMON)
        self._start = start
        self._time_base = Fraction(like.time_base)
        self._converter = ColorConverter(like.color.for_yuv(), like.width, like.height)
        self._last: tuple[int, int] | None = None
        self._fields = None if fields is None else FieldMark(fields)
        self._waiting: deque[AvFrame] = deque()
        self._durations: dict[int, int] = {}
        self._feed: AudioFeed | None = None
        self._file = PartialFile(self.path, token)
        try:
            self._container = av.open(
                f"file:{self._file.partial}",
                "w",
                format="mp4",
                options={"movflags": "+faststart", "fflags": "+bitexact"},
            )
            self._stream = self._add_video(crf, preset)
            self._feed = self._add_audio(audio, sound, audio_source, end, track)
        except av.codec.codec.UnknownCodecError as error:
            self._abandon()
            raise MediaError(
                "this PyAV has no encoder {codec}; install it from PyPI: pip install av",
                codec=error,
            ) from None
        except BaseException:
            self._abandon()
            raise

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._abandon()
        else:
            self._finish()

    def write(
        self,
        rgb: np.ndarray,
        time: Fraction,
        duration: Fraction | None = None,
        source: VideoFrame | None = None,
    ) -> None:
        """Write the next frame.

        Args:
            rgb: ``uint8 [H, W, 3]`` of the size of ``like``.
            time: Its output time in seconds, at least 0 and later than the frame before.
            duration: Seconds it stays; only the last frame's is used. Default: one frame.
            source: The source frame, with its planes: unchanged samples are copied from it, to the bit.

        Raises:
            MediaError: The disk is full, or writing failed otherwise.
            ValueError: The frame has another size or type, or its time is negative or does not
                advance.
        """
        like = self._like
        if rgb.shape != (like.height, like.width, 3) or rgb.dtype != np.uint8:
            raise ValueError(
                f"frames must be uint8 [{like.height}, {like.width}, 3], "
                f"not {rgb.dtype} {list(rgb.shape)}"
            )
        pts = round(time / self._time_base)
        if pts <= (self._last[0] if self._last is not None else -1):
            raise ValueError(f"frame at {float(time)} s does not come after the one before")
        ticks = max(1, round((duration or 1 / Fraction(like.frame_rate)) / self._time_base))
        pixel_format = cast("str", self._stream.pix_fmt)
        if self._pixel_format == RGB:
            frame = AvFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        elif source is not None and source.planes is not None:
            frame = self._converter.changed(source.planes, source.rgb, rgb, pixel_format)
        else:
            frame = self._converter.to_yuv(rgb, pixel_format)
        frame.pts = pts
        frame.time_base = self._time_base
        if self._fields is not None:
            frame = self._fields.mark(frame)
        self._last = (pts, ticks)
        self._durations[pts] = ticks
        self._waiting.append(frame)
        if len(self._waiting) > _HELD_BACK:
            self._encode(self._waiting.popleft())

    def _encode(self, frame: AvFrame) -> None:
        try:
            self._mux(self._stream.encode(frame))
            if self._feed is not None:
                self._container.mux(list(self._feed.until((frame.pts or 0) * self._time_base)))
        except (av.error.FFmpegError, OSError) as error:
            raise write_error(self.path, error) from None

    def _encode_end(self, last_ticks: int) -> None:
        """Encode the last two frames.

        MP4 keeps the duration of the packet that is stored last, so the frame that is shown last must be stored last.
        """
        nominal = 1 / Fraction(self._like.frame_rate) / self._time_base
        if len(self._waiting) == _HELD_BACK and last_ticks > 1.5 * nominal:
            for frame in self._waiting:
                frame.pict_type = PictureType.P
        while self._waiting:
            self._encode(self._waiting.popleft())

    def _finish(self) -> None:
        try:
            if self._last is None:
                raise MediaError(
                    "{file}: no frame was written; check the range of frames", file=self.path
                )
            self._encode_end(self._last[1])
            self._mux(self._stream.encode(None))
            if self._feed is not None:
                self._container.mux(list(self._feed.finish(sum(self._last) * self._time_base)))
            self._container.close()
            self._file.commit()
        except (av.error.FFmpegError, OSError) as error:
            raise write_error(self.path, error) from None
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Close and remove whatever is left; after a commit that is nothing."""
        if self._feed is not None:
            self._feed.close()
        container = getattr(self, "_container", None)
        if container is not None:
            with contextlib.suppress(av.error.FFmpegError, OSError):
                container.close()
        self._file.discard()

    def _mux(self, packets: Iterable[Packet]) -> None:
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration or 0)
            self._container.mux(packet)

    def _add_video(self, crf: int, preset: str) -> VideoStream:
        like, rgb = self._like, self._pixel_format == RGB
        tags = like.color.for_rgb() if rgb else like.color.for_yuv()
        # Of 10 bits, x264's crf 0 is not lossless.
        quality = (
            {"crf": str(crf)} if crf or not self._pixel_format.endswith("10le") else {"qp": "0"}
        )
        fields = {} if self._fields is None else _INTERLACED
        stream = self._container.add_stream(
            "libx264rgb" if rgb else "libx264",
            rate=Fraction(like.frame_rate),
            options={**quality, "preset": preset, **_DETERMINISTIC, **fields},
        )
        context = stream.codec_context
        context.width, context.height = like.width, like.height
        context.pix_fmt = "rgb24" if rgb else self._pixel_format
        context.time_base = self._time_base
        stream.time_base = self._time_base
        context.sample_aspect_ratio = like.sample_aspect_ratio
        context.color_range = tags.range
        context.colorspace = tags.space
        context.color_primaries = tags.primaries
        context.color_trc = tags.transfer
        return stream

    def _add_audio(
        self,
        mode: AudioMode,
        sound: Sound | None,
        source: str | Path | None,
        end: Fraction | None,
        track: int,
    ) -> AudioFeed | None:
        if mode in ("source", "mix"):
            path = Path(cast("str | Path", source))
            found = find_source_sound(path, self._start, end, track)
            if found is None:
                values = {"file": path}
                silent = Message(
                    "{file}: has no sound that can be read; the output is silent", values
                )
                guide = Message(
                    "{file}: has no sound that can be read; only the guide is heard", values
                )
                self.warnings += (silent if mode == "source" else guide,)
                mode = "none" if mode == "source" else "guide"
            else:
                if mode == "source" and found.codec in MP4_AUDIO and found.steady:
                    with contextlib.suppress(ValueError, av.error.FFmpegError):
                        return CopyFeed(self._container, path, self._start, end, track)
                rate, channels = aac_rate(found.rate), found.channels
                if mode == "mix" and sound is not None:
                    channels = max(channels, sound.samples.shape[0])
                blocks = source_blocks(path, self._start, end, rate, channels, track)
                if mode == "mix" and sound is not None:
                    blocks = mixed_blocks(blocks, as_channels(sound, rate, channels))
                return EncodeFeed(self._container, blocks, rate, channels)
        if mode == "guide" and sound is not None:
            channels, rate = sound.samples.shape[0], aac_rate(sound.sample_rate)
            blocks = sound_blocks(as_channels(sound, rate, channels))
            return EncodeFeed(self._container, blocks, rate, channels)
        return None
