"""The sound of a file as blocks, each at its time: whatever changes midway, is missing, or starts again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np

from soundini.errors import MediaError
from soundini.media.limits import MAX_SAMPLE_RATE, IdleTimeout
from soundini.media.mended import MendedFile, joined_parts
from soundini.media.opening import find_video, open_input, open_part, reason
from soundini.media.packets import RESTART, clock_restarts
from soundini.media.tracks import choose_track

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

GAP = Fraction(1, 20)
"""Seconds; smaller jumps of the timestamps are rounding, larger ones are missing sound."""

_MOST_FAILED = 3
"""Packets in a row that may fail."""
_TIMED = {
    *("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpegts", "mpeg", "ogg", "asf", "flv", "nut"),
    *("mxf", "wtv", "rm", "dv"),
}
"""Containers that give each packet its time; of others, FFmpeg counts bytes at the rate with which the file begins."""


@dataclass(frozen=True, eq=False)
class SoundBlock:
    """Consecutive samples.

    Args:
        samples: ``float32 [1 or 2, n]``.
        rate: samples per second.
        begin: time of the first sample, in seconds from the file's first picture, or its first sample where it has none.
        follows: whether it goes on where the block before ended, at the same rate and with as many channels.
    """

    samples: np.ndarray
    rate: int
    begin: Fraction
    follows: bool

    @property
    def end(self) -> Fraction:
        """Time after the last sample, in seconds."""
        return self.begin + Fraction(self.samples.shape[1], self.rate)


def decode_sound(path: Path, track: int = 0) -> Iterator[SoundBlock]:
    """Decode a sound track.

    Blocks never overlap. Where sound is missing, the next block begins later; where timestamps start again, as in files that were
    joined, it begins where the pictures go on, or at once. More than two channels are mixed down to two.

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
    """Files that were joined by their bytes, each of which begins where the one before ends."""
    shift, before = Fraction(0), None
    for begin, end in parts:
        with MendedFile(path, begin, end) as part:
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

    What FFmpeg guesses before it decodes is wrong where sound begins long before or after.
    """
    with open_input(path) as container:
        video = find_video(container)
        if video is None or video.codec_context is None or video.codec_context.codec is None:
            return None
        base = Fraction(video.time_base or 1)
        try:
            for frame in container.decode(video):
                if frame.pts is not None:
                    return frame.pts * Fraction(frame.time_base or base)
                break
        except av.error.FFmpegError:
            pass  # whoever reads the pictures says what is wrong with them
        return None if video.start_time is None else video.start_time * base


def _placed(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[SoundBlock]:
    timed = container.format.name in _TIMED
    clock = _Clock(path, picture_start(path), timed)
    before: SoundBlock | None = None
    mixer = _Mixer()
    for frame in _frames(container, stream, path):
        if not 0 < frame.sample_rate <= MAX_SAMPLE_RATE:
            raise MediaError(
                "{file}: its sound has {rate} samples a second, where 1 to {most} can be; convert it to "
                "wav first",
                file=path,
                rate=frame.sample_rate,
                most=MAX_SAMPLE_RATE,
            )
        samples = mixer.mix(frame, path)
        begin = clock.place(frame, None if before is None else before.end)
        if before is not None and begin < before.end:
            samples = samples[:, round((before.end - begin) * frame.sample_rate) :]
            begin = before.end
        if samples.shape[1] == 0:
            continue
        block = SoundBlock(samples, frame.sample_rate, begin, False)
        before = replace(block, follows=before is not None and _goes_on(before, block))
        yield before


def _goes_on(before: SoundBlock, block: SoundBlock) -> bool:
    return (
        block.begin == before.end
        and block.rate == before.rate
        and len(block.samples) == len(before.samples)
    )


def _frames(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[AudioFrame]:
    """Decode; a few packets that cannot be decoded, as where files were joined, are missing sound if more follows them."""
    idle = IdleTimeout(path)
    seconds, failed = Fraction(0), 0
    why: av.error.FFmpegError | None = None
    try:
        for packet in container.demux(stream):
            idle.check()
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                failed, why = failed + 1, error
                if failed > _MOST_FAILED:
                    break
                continue
            for frame in frames:
                failed = 0
                idle.renew()
                yield frame
                seconds += Fraction(frame.samples, max(1, frame.sample_rate))
    except av.error.FFmpegError as error:
        failed, why = 1, error
    if failed and why is not None:
        raise MediaError(
            "{file}: its sound cannot be decoded past {seconds:.2f} s ({why}); copy or export it "
            "again",
            file=path,
            seconds=float(seconds),
            why=reason(why),
        )


class _Clock:
    """Gives blocks their times.

    Args:
        path: the file, whose pictures tell by how much a clock that starts again is late.
        origin: stream time of the first picture; None for the first block's.
        timed: whether timestamps count after the first.
    """

    def __init__(self, path: Path, origin: Fraction | None, timed: bool) -> None:
        self._path = path
        self._timed = timed
        self._origin = origin
        self._shift = Fraction(0)
        self._restarts = 0
        self._stamp: Fraction | None = None

    def place(self, frame: AudioFrame, due: Fraction | None) -> Fraction:
        """The time at which a frame begins; ``due`` is where the one before ends, None at the first."""
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
        return due if abs(begin - due) < GAP else begin

    def _restart(self, begin: Fraction, due: Fraction) -> Fraction:
        shifts = clock_restarts(self._path)
        raw = begin - self._shift
        self._shift = due - raw
        if self._restarts < len(shifts) and raw + shifts[self._restarts] >= due - RESTART:
            self._shift = shifts[self._restarts]
        self._restarts += 1
        return raw + self._shift


class _Mixer:
    """Turns decoded frames of any format and layout into one or two channels of floats."""

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
        if frame.layout.nb_channels > 8:  # no matrix says what such channels are
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
