"""Decodes the sound of a file into blocks with times, through gaps, changes of format, and clocks that start again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from soundini.errors import MediaError
from soundini.media.joined import joined_parts
from soundini.media.limits import MAX_SAMPLE_RATE
from soundini.media.mended import MendedFile
from soundini.media.opening import find_video, frames_of, open_input, open_part, reason
from soundini.media.packets import RESTART, clock_restarts
from soundini.media.sound_frames import Mixer, first_position, sound_frames
from soundini.media.tracks import choose_track

GAP = Fraction(1, 20)
"""Seconds; larger jumps of the timestamps are gaps. Smaller ones are rounding, unless whole frames are missing."""

_ROUNDING = Fraction(1, 500)
"""Seconds by which timestamps are rounded."""
_LEAST_FRAME = Fraction(1, 100)
"""Seconds; a shorter gap cannot be told from rounding, even if several frames have one."""
_SERIAL = {"mpegts", "mpeg", "flv"}
"""Containers whose streams may begin midway, as when a file without sound was joined with one that has it."""
_EARLY_SHARE = 8
"""Sound counts as beginning with the file if it begins within its first eighth."""
_TIMED = {
    *("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpegts", "mpeg", "ogg", "asf", "flv", "nut"),
    *("mxf", "wtv", "rm", "dv"),
}
"""Containers that store the time of each packet; for others, FFmpeg counts bytes at the rate of the file's beginning."""


@dataclass(frozen=True, eq=False)
class SoundBlock:
    """Consecutive samples.

    Args:
        samples: ``float32 [1 or 2, n]``.
        rate: samples per second.
        begin: time of the first sample, in seconds from the file's first picture, or its first sample where it has none.
        follows: whether it continues the block before without a gap, at the same rate, in the same codec, with as many channels.
        moved: whether its time differs from its timestamps, because the clock has started again before it.
    """

    samples: np.ndarray
    rate: int
    begin: Fraction
    follows: bool
    moved: bool = False

    @property
    def end(self) -> Fraction:
        """Time after the last sample, in seconds."""
        return self.begin + Fraction(self.samples.shape[1], self.rate)


def decode_sound(path: Path, track: int = 0) -> Iterator[SoundBlock]:
    """Decode a sound track.

    Blocks never overlap. After a gap, the next block begins later. Where timestamps start again, as in joined
    files, it begins where the pictures go on, or at once. More than two channels are mixed down to two.

    Args:
        path: any file with sound.
        track: number of the track, from 1; 0 for the one that :func:`~soundini.media.tracks.choose_track` takes.

    Raises:
        MediaError: there is no sound, its codec is not known, or it cannot be decoded.
    """
    index = choose_track(path, track)
    if index is None:
        raise MediaError("{file}: holds no sound; give a file with an audio track", file=path)
    with open_input(path) as container:
        stream = container.streams.audio[index]
        if stream.codec_context is None or stream.codec_context.codec is None:
            raise MediaError(
                "{file}: its audio codec is not known; convert it to wav first", file=path
            )
        parts = joined_parts(path) if find_video(container) is None else []
        if len(parts) < 2:
            yield from _placed(container, stream, path)
            return
    yield from _joined(path, parts)


def _joined(path: Path, parts: list[tuple[int, int]]) -> Iterator[SoundBlock]:
    """Decode joined files, each from where the one before ends."""
    shift, before = Fraction(0), None
    for begin, end in parts:
        with MendedFile(path, [(begin, end)]) as part:
            try:
                container = open_part(path, part)
            except (av.error.FFmpegError, ValueError) as error:
                raise MediaError(
                    "{file}: is joined of {count} files, and one of them cannot be read ({why}); copy or export it again",
                    file=path,
                    count=len(parts),
                    why=reason(error),
                ) from None
            with container:
                for found in _placed(container, container.streams.audio[0], path):
                    block = replace(found, begin=found.begin + shift)
                    yield replace(block, follows=before is not None and _goes_on(before, block))
                    before = block
        shift = shift if before is None else before.end


def picture_start(path: Path) -> Fraction | None:
    """The stream time of the first picture, which is time 0 everywhere else; None without pictures.

    FFmpeg's guess before decoding is wrong if the sound begins long before or after.
    """
    with open_input(path) as container:
        video = find_video(container)
        if video is None or video.codec_context is None or video.codec_context.codec is None:
            return None
        base = Fraction(video.time_base or 1)
        try:
            for frame in frames_of(container, video):
                if frame.pts is not None:
                    return frame.pts * Fraction(frame.time_base or base)
                break
        except av.error.FFmpegError:
            pass  # reading the pictures will say what is wrong with them
        return None if video.start_time is None else video.start_time * base


def _placed(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[SoundBlock]:
    timed = container.format.name in _TIMED
    clock = _Clock(path, picture_start(path), timed)
    if container.format.name in _SERIAL:
        clock.begin_late(first_position(path, stream.index))
    before: SoundBlock | None = None
    mixer = Mixer()
    codec: str | None = None
    frames = _Frames(sound_frames(container, stream, path))
    for frame, name in frames:
        if not 0 < frame.sample_rate <= MAX_SAMPLE_RATE:
            raise MediaError(
                "{file}: its sound has {rate} samples a second, where 1 to {most} can be; convert it to "
                "wav first",
                file=path,
                rate=frame.sample_rate,
                most=MAX_SAMPLE_RATE,
            )
        samples = mixer.mix(frame, path)
        begin = clock.place(frame, None if before is None else before.end, frames)
        if before is not None and begin < before.end:
            samples = samples[:, round((before.end - begin) * frame.sample_rate) :]
            begin = before.end
        if samples.shape[1] == 0:
            continue
        block = SoundBlock(samples, frame.sample_rate, begin, False, clock.moved)
        goes_on = before is not None and _goes_on(before, block) and name == codec
        before, codec = replace(block, follows=goes_on), name
        yield before


def _goes_on(before: SoundBlock, block: SoundBlock) -> bool:
    return (
        block.begin == before.end
        and block.rate == before.rate
        and len(block.samples) == len(before.samples)
    )


class _Frames(Iterator["tuple[AudioFrame, str]"]):
    """Frames and their codecs, with a look ahead."""

    def __init__(self, frames: Iterator[tuple[AudioFrame, str]]) -> None:
        self._frames = frames
        self._ahead: list[tuple[AudioFrame, str]] = []

    def __next__(self) -> tuple[AudioFrame, str]:
        """See :class:`Iterator`."""
        return self._ahead.pop() if self._ahead else next(self._frames)

    def peek(self) -> AudioFrame | None:
        """The next frame, without taking it; None at the end."""
        if not self._ahead:
            self._ahead.extend(islice(self._frames, 1))
        return self._ahead[0][0] if self._ahead else None


class _Clock:
    """Assigns times to blocks.

    Args:
        path: the file; its pictures show by how much a clock that starts again must be shifted.
        origin: stream time of the first picture; None for the first block's.
        timed: whether timestamps after the first can be trusted.
    """

    def __init__(self, path: Path, origin: Fraction | None, timed: bool) -> None:
        self._path = path
        self._timed = timed
        self._origin = origin
        self._shift = Fraction(0)
        self._restarts = 0
        self._stamp: Fraction | None = None

    @property
    def moved(self) -> bool:
        """Whether the clock has started again."""
        return self._shift != 0

    def begin_late(self, position: int) -> None:
        """If the sound begins far into the file, count the restarts of the clock before it.

        Args:
            position: of its first packet, in bytes.
        """
        if position * _EARLY_SHARE > self._path.stat().st_size:
            passed = [r for r in clock_restarts(self._path) if r.position < position]
            self._restarts = len(passed)
            self._shift = passed[-1].shift if passed else self._shift

    def place(self, frame: AudioFrame, due: Fraction | None, frames: _Frames) -> Fraction:
        """The time at which a frame begins.

        Args:
            frame: the frame.
            due: where the one before ends; None at the first.
            frames: those that come after it.
        """
        stamp = frame.pts * Fraction(frame.time_base or 1) if frame.pts is not None else None
        if self._origin is None:
            self._origin = Fraction(0) if stamp is None else stamp
        stands, self._stamp = stamp == self._stamp, stamp
        if stamp is None or (stands and due is not None):
            return due or Fraction(0)
        begin = stamp - self._origin + self._shift
        if due is None or not self._timed:
            return begin if due is None else due
        if begin < due - RESTART:
            begin = self._restart(begin, due)
        if abs(begin - due) >= GAP or _is_missing(begin - due, frame, frames):
            return begin
        return due

    def _restart(self, begin: Fraction, due: Fraction) -> Fraction:
        restarts = clock_restarts(self._path)
        raw = begin - self._shift
        self._shift = due - raw
        if self._restarts < len(restarts):
            shift = restarts[self._restarts].shift
            self._shift = shift if raw + shift >= due - RESTART else self._shift
        self._restarts += 1
        return raw + self._shift


def _is_missing(gap: Fraction, frame: AudioFrame, frames: _Frames) -> bool:
    """Whether whole frames are missing: the gap is a multiple of a frame, and the next frame is as late."""
    length = Fraction(frame.samples, frame.sample_rate)
    count = round(gap / length) if length >= _LEAST_FRAME else 0
    if count <= 0 or abs(gap - count * length) > _ROUNDING:
        return False
    after = frames.peek()
    if after is None or after.pts is None or frame.pts is None:
        return False
    step = (after.pts - frame.pts) * Fraction(frame.time_base or 1)
    return abs(step - length) <= _ROUNDING
