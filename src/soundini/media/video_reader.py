"""Reads frames from a video file, one at a time, each with its exact time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from soundini.errors import MediaError, Message
from soundini.media.alpha import alpha_decoder, alpha_of
from soundini.media.color import ColorConverter
from soundini.media.limits import FRAMES, VIDEO_SECONDS, IdleTimeout
from soundini.media.opening import open_input, packets_of, reason
from soundini.media.packets import RESTART, Entry, count_by_packets, find_entry, frame_ticks
from soundini.media.planes import planes_of
from soundini.media.video_info import VideoInfo, probe_video, stream_duration, video_stream
from soundini.media.wholeness import is_cut_off

_WORTH_ENTERING = 24
"""If at least this many frames come before the first requested one, decoding starts at a keyframe."""
_COUNTED = {"mpegts"}
"""Containers that number their packets: if numbers start again, as in joined files, FFmpeg takes a packet for damaged."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame, upright, in RGB.

    Attributes:
        index: 0 for the first frame of the file.
        time: Seconds from the start of the video stream, exact.
        duration: Seconds until the next frame; for the last frame, the duration that the file states.
        rgb: ``uint8 [H, W, 3]``.
        planes: The picture's own samples in the requested pixel format; None if it has another format.
        alpha: ``uint8 [H, W]`` if it was requested and the video has an alpha channel, else None.
    """

    index: int
    time: Fraction
    duration: Fraction
    rgb: np.ndarray
    alpha: np.ndarray | None = None
    planes: tuple[np.ndarray, ...] | None = None


class _MissedError(Exception):
    """Decoding did not begin at the expected keyframe."""


class VideoReader:
    """Reads a video as a stream of frames: memory does not grow with its length.

    The display rotation is applied, the file's YUV matrix and range are obeyed, and variable frame
    rates keep their times. Timestamps that are missing or run backwards are mended to run forwards.

    Args:
        path: A local video file.
        alpha: Whether the alpha channel is wanted too.
        planes: The pixel format whose samples are wanted too.

    Raises:
        MediaError: As :func:`soundini.media.video_info.probe_video`.

    Example::

        with VideoReader("street.mp4") as video:
            for frame in video.frames(24, 48):
                ...
    """

    def __init__(self, path: str | Path, *, alpha: bool = False, planes: str | None = None) -> None:
        self.info: VideoInfo = probe_video(path)
        self._planes = planes
        self._alpha = alpha
        self._open: list[InputContainer] = []

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; iterators still running end with an error of FFmpeg's."""
        while self._open:
            self._open.pop().close()

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[VideoFrame]:
        """Yield frames ``start`` to ``stop - 1``; several iterators may run side by side.

        Decoding begins at the last keyframe before ``start`` if the packets show its exact number and no
        later frame depends on earlier ones (:mod:`soundini.media.packets`), else at the first frame. So indices
        are exact, and a frame does not depend on ``start``.

        Args:
            start: First frame, from 0.
            stop: One past the last frame, or None for the end of the file.

        Yields:
            The frames in display order.

        Raises:
            MediaError: A packet is corrupt, the file ends early, or the picture changes its size.
                The message names the frame.
            ValueError: ``start`` is negative.
        """
        if start < 0:
            raise ValueError(f"start must be at least 0, not {start}")
        if stop is not None and stop <= start:
            return
        converter: ColorConverter | None = None
        for index, frame, time, duration in self._shown(start, stop):
            if index < start:
                continue
            if converter is None:
                converter = ColorConverter(self.info.color, frame.width, frame.height)
            rgb = self.info.orientation.apply(converter.to_rgb(frame))
            alpha = alpha_of(frame) if self._alpha else None
            if alpha is not None:
                alpha = self.info.orientation.apply(alpha[..., None])[..., 0]
            planes = None
            if self._planes is not None:
                planes = planes_of(frame, self._planes, self.info.orientation)
            yield VideoFrame(index, time, duration, rgb, alpha, planes)

    def times(self) -> Iterator[Fraction]:
        """Yield the time of every frame, in seconds; frames are decoded only if the packets do not show it.

        Raises:
            MediaError: As :meth:`frames`.
        """
        ticks = frame_ticks(self.info)
        if ticks is None:
            return (time for _, _, time, _ in self._shown(0, None))
        return (tick * self.info.time_base - self.info.start_time for tick in ticks)

    def _shown(
        self, start: int, stop: int | None
    ) -> Iterator[tuple[int, AvFrame, Fraction, Fraction]]:
        """Yield FFmpeg's frames up to ``stop``, from ``start`` or some frame before it on."""
        entry = find_entry(self.info, start) if start >= _WORTH_ENTERING else None
        if entry is not None:
            try:
                yield from self._entered(entry, stop)
                return
            except _MissedError:
                pass
        yield from self._entered(None, stop)

    def _entered(
        self, entry: Entry | None, stop: int | None
    ) -> Iterator[tuple[int, AvFrame, Fraction, Fraction]]:
        """Open the file anew, and decode it from a keyframe or from the beginning.

        Raises:
            _MissedError: the keyframe is not found; nothing was yielded yet.
        """
        container = open_input(self.info.path)
        self._open.append(container)
        try:
            stream = video_stream(container, self.info.path)
            stream.thread_type = "AUTO"
            for timed in self._timed(container, stream, entry):
                yield timed
                if stop is not None and timed[0] >= stop - 1:
                    return
        finally:
            container.close()
            if container in self._open:
                self._open.remove(container)

    def _timed(
        self, container: InputContainer, stream: VideoStream, entry: Entry | None
    ) -> Iterator[tuple[int, AvFrame, Fraction, Fraction]]:
        """Add time and duration to every frame; the next frame decides the duration."""
        info = self.info
        held: tuple[int, AvFrame, Fraction] | None = None
        shift = -info.start_time
        decoded = self._decoded(container, stream, entry)
        number = 0 if entry is None else entry.index
        stamped = False
        while True:
            try:
                frame = next(decoded, None)
            except MediaError:
                if held is not None:  # it is whole, and may be the last one requested
                    yield *held, self._own_duration(held[1])
                raise
            if frame is None:
                break
            due = Fraction(0) if held is None else held[2] + self._own_duration(held[1])
            time, stamp = due, self._time(frame)
            if stamp is not None:
                first = held is not None and not stamped
                if held is not None and (first or stamp + shift < held[2] - RESTART):
                    shift = due - stamp
                stamped = True
                time = stamp + shift
            if held is not None:
                time = max(time, held[2] + info.time_base)
                yield *held, time - held[2]
            held = (number, frame, time)
            number += 1
        if held is not None:
            yield *held, self._own_duration(held[1])

    def _own_duration(self, frame: AvFrame) -> Fraction:
        """A frame's duration in seconds, as the file states it; else one over the frame rate."""
        said = frame.duration * Fraction(frame.time_base or self.info.time_base)
        return said or 1 / self.info.frame_rate

    def _decoded(
        self, container: InputContainer, stream: VideoStream, entry: Entry | None = None
    ) -> Iterator[AvFrame]:
        """Decode, and turn every sign of damage into one line that names the frame."""
        count = 0 if entry is None else entry.index
        awaited = None if entry is None else entry.pts
        last = Fraction(0)
        shown: AvFrame | None = None
        end = 0
        joins = container.format.name in _COUNTED
        idle = IdleTimeout(self.info.path)
        try:
            if entry is not None:
                container.seek(entry.pts, stream=stream)
            decoder = alpha_decoder(stream) if self._alpha else None
            for packet in packets_of(container, stream):
                idle.check()
                if packet.size == 0 and packet.pts is not None:  # the picture before is shown on
                    end = packet.pts + (packet.duration or 0)
                    continue
                damaged = packet.is_corrupt and not joins
                for frame in packet.decode() if decoder is None else decoder.decode(packet):
                    if awaited is not None:
                        if frame.pts is not None and frame.pts < awaited:
                            continue
                        if frame.pts != awaited:
                            raise _MissedError
                        awaited = None
                    self._check(frame, count)
                    last = self._time(frame) or last
                    yield frame
                    shown = frame
                    count += 1
                    idle.renew()
                if damaged:
                    raise self._damage(count, Message("a packet is incomplete"))
        except av.error.FFmpegError as error:
            if awaited is not None:
                raise _MissedError from None
            raise self._damage(count, reason(error)) from None
        if awaited is not None:
            raise _MissedError
        if shown is not None and shown.pts is not None and end > shown.pts:
            shown.duration = max(shown.duration, end - shown.pts)
        self._check_end(stream, count, last)

    def _check(self, frame: AvFrame, number: int) -> None:
        """Refuse a frame that is damaged, of another size than the first, or beyond a limit."""
        info = self.info
        width, height = info.width, info.height
        if info.orientation.transpose:
            width, height = height, width
        if frame.is_corrupt:
            raise self._damage(number, Message("the picture data is corrupt"))
        if (frame.width, frame.height) != (width, height):
            raise MediaError(
                "{file}: the picture changes from {width}x{height} to {across}x{down} at frame {frame}; "
                "cut the video there, or scale it to one size",
                file=info.path,
                width=width,
                height=height,
                across=frame.width,
                down=frame.height,
                frame=number,
            )
        if number >= FRAMES.value:
            what = Message("has a frame number {frame}", {"frame": number})
            raise FRAMES.exceeded(info.path, what)
        seconds = float((self._time(frame) or info.start_time) - info.start_time)
        if seconds > VIDEO_SECONDS.value:
            what = Message(
                "frame {frame} comes after {seconds:.0f} s", {"frame": number, "seconds": seconds}
            )
            raise VIDEO_SECONDS.exceeded(info.path, what)

    def _check_end(self, stream: VideoStream, count: int, last: Fraction) -> None:
        """Refuse a file that is cut off before the frames that it promises."""
        promised = stream_duration(stream)
        short = self.info.frame_count is not None and count < self.info.frame_count
        if promised is not None and self.info.frame_count is None:
            short = last + 2 / self.info.frame_rate < promised
        if short and is_cut_off(self.info.path):
            raise self._damage(count, Message("the end of the file is missing"))

    def _time(self, frame: AvFrame) -> Fraction | None:
        """The time that the file gives a frame, in seconds."""
        if frame.pts is None:
            return None
        return frame.pts * Fraction(frame.time_base or self.info.time_base)

    def _damage(self, frame: int, why: str | Message) -> MediaError:
        if frame == 0:
            return MediaError(
                "{file}: decoding failed at frame {frame} ({why}); copy or export the file again",
                file=self.info.path,
                frame=frame,
                why=why,
            )
        return MediaError(
            "{file}: decoding failed at frame {frame} ({why}); copy the file again, or edit only "
            "the frames before {frame}",
            file=self.info.path,
            frame=frame,
            why=why,
        )


def count_frames(path: str | Path) -> int:
    """Count the frames of a video, by its packets alone where that is exact.

    Args:
        path: A local video file.

    Returns:
        The number of frames that :meth:`VideoReader.frames` yields. Codecs that hide frames are
        decoded, which takes as long as playing the file.

    Raises:
        MediaError: As :class:`VideoReader`.
    """
    with VideoReader(path) as reader:
        counted = count_by_packets(reader.info)
        if counted is not None:
            return counted
        with open_input(reader.info.path) as container:
            stream = video_stream(container, reader.info.path)
            return sum(1 for _ in reader._decoded(container, stream))
