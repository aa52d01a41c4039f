"""Decodes a sound track, across damaged packets and a change of its codec."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from soundini.errors import MediaError
from soundini.media.broadcast import BROADCAST, table_before
from soundini.media.limits import IdleTimeout
from soundini.media.mended import MendedFile
from soundini.media.opening import open_input, open_part, packets_of, reason

_MOST_FAILED = 3
"""Most packets in a row that may fail."""


def sound_frames(
    container: InputContainer, stream: AudioStream, path: Path
) -> Iterator[tuple[AudioFrame, str]]:
    """Decode a sound track.

    A few packets that cannot be decoded, as in joined files, become a gap if sound follows. If a broadcast changes its codec,
    decoding goes on in the new one.

    Args:
        container: the open file.
        stream: one of its sounds.
        path: the file.

    Yields:
        Frames, each with the name of its codec.

    Raises:
        MediaError: it cannot be decoded to its end.
    """
    seconds, begin = Fraction(0), 0
    with ExitStack() as opened:
        while True:
            codec = stream.codec_context.name
            try:
                for frame in _decoded(container, stream, path):
                    yield frame, codec
                    seconds += Fraction(frame.samples, max(1, frame.sample_rate))
                return
            except _FailedError as failed:
                found = None
                if container.format.name == BROADCAST and failed.position is not None:
                    found = _opened_anew(path, begin, begin + failed.position, stream)
                if found is None:
                    raise MediaError(
                        "{file}: its sound cannot be decoded past {seconds:.2f} s ({why}); copy or export it "
                        "again",
                        file=path,
                        seconds=float(seconds),
                        why=reason(failed.why),
                    ) from None
                opened.enter_context(found.container)
                begin, container, stream = found


def first_position(path: Path, index: int) -> int:
    """Position of a stream's first packet in the file, in bytes; 0 if unknown.

    Args:
        path: the file.
        index: of the stream.
    """
    with open_input(path) as container:
        try:
            sound = next(s for s in container.streams.audio if s.index == index)
            for packet in packets_of(container, sound):
                return packet.pos or 0
        except av.error.FFmpegError:
            pass  # decoding will say what is wrong
    return 0


class _FailedError(Exception):
    """Too many packets failed.

    Args:
        why: FFmpeg's error.
        position: of the first packet that failed, in bytes; None if unknown.
    """

    def __init__(self, why: av.error.FFmpegError, position: int | None) -> None:
        super().__init__(str(why))
        self.why = why
        self.position = position


class _Anew(NamedTuple):
    begin: int
    container: InputContainer
    stream: AudioStream


def _decoded(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[AudioFrame]:
    """Decode until too many packets fail.

    Raises:
        _FailedError: it does.
    """
    idle = IdleTimeout(path)
    failed = 0
    position: int | None = None
    why: av.error.FFmpegError | None = None
    try:
        for packet in packets_of(container, stream):
            idle.check()
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                position = packet.pos if failed == 0 else position
                failed, why = failed + 1, error
                if failed > _MOST_FAILED:
                    break
                continue
            for frame in frames:
                failed = 0
                idle.renew()
                yield frame
    except av.error.FFmpegError as error:
        failed, why = 1, error
    if failed and why is not None:
        raise _FailedError(why, position)


def _opened_anew(path: Path, begin: int, position: int, stream: AudioStream) -> _Anew | None:
    """Open a broadcast anew where decoding failed, or at the table of streams before that.

    Returns:
        None if the codec is the same, so the packets are damaged, or if there is no sound.
    """
    size = path.stat().st_size
    for at in (table_before(path, position), position):
        if not begin < at < size:
            continue
        try:
            container = open_part(path, MendedFile(path, [(at, size)]))
        except (av.error.FFmpegError, ValueError):
            continue
        sounds = container.streams.audio
        same = next((s for s in sounds if s.id == stream.id), next(iter(sounds), None))
        context = None if same is None else same.codec_context
        if same is not None and context is not None and context.name != stream.codec_context.name:
            return _Anew(at, container, same)
        container.close()
    return None


class Mixer:
    """Converts frames of one sound track, whose format may change."""

    def __init__(self) -> None:
        self._made_for: tuple[str, str, int] | None = None
        self._resampler: av.AudioResampler | None = None

    def mix(self, frame: AudioFrame, path: Path) -> np.ndarray:
        """Convert the samples of a frame.

        Raises:
            MediaError: they cannot be converted.

        Shape:
            returns ``float32 [1 or 2, n]``.
        """
        try:
            return self._mixed(frame)
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(
                "{file}: its sound cannot be decoded ({why}); convert it to wav first",
                file=path,
                why=reason(error),
            ) from None

    def _mixed(self, frame: AudioFrame) -> np.ndarray:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._made_for:
            self._made_for, self._resampler = form, None
        if frame.layout.nb_channels > 8:  # no mixing matrix exists for such channels
            return _halves(frame)
        return self._converted(frame, "mono" if frame.layout.nb_channels == 1 else "stereo")

    def _converted(self, frame: AudioFrame, layout: str) -> np.ndarray:
        if self._resampler is None:
            self._resampler = av.AudioResampler(
                format="fltp", layout=layout, rate=frame.sample_rate
            )
        stamp, frame.pts = frame.pts, None
        parts = [converted.to_ndarray() for converted in self._resampler.resample(frame)]
        frame.pts = stamp
        if not parts:
            return np.zeros((1 if layout == "mono" else 2, 0), np.float32)
        return np.asarray(np.concatenate(parts, 1), np.float32)


def _halves(frame: AudioFrame) -> np.ndarray:
    """Mix the odd channels to the left and the even ones to the right."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind != "f":
        full = 2.0 ** (8 * samples.dtype.itemsize - 1)
        samples = samples / full - (1.0 if samples.dtype.kind == "u" else 0.0)
    return np.stack([samples[0::2].mean(0), samples[1::2].mean(0)]).astype(np.float32)
