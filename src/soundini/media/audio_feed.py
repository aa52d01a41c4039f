"""Feeds the sound of an output to the muxer, in step with the pictures."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet

from soundini.errors import MediaError
from soundini.media.opening import open_input, packets_of, reason
from soundini.media.sound import Sound, resample
from soundini.media.sound_decoding import GAP, picture_start
from soundini.media.tracks import choose_track

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
MP4_AUDIO = {"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus", "flac", "alac"}
_BLOCK = 1024
_KNEE = 0.9


class AudioFeed(Protocol):
    """One audio stream of an output."""

    def until(self, time: Fraction) -> Iterator[Packet]:
        """Yield the packets that start before ``time`` (output seconds)."""
        ...

    def finish(self, end: Fraction) -> Iterator[Packet]:
        """Yield all that is left; ``end`` is where the pictures end, in output seconds."""
        ...

    def close(self) -> None:
        """Close the source, if there is one."""
        ...


class CopyFeed:
    """Copies a source's audio packets unchanged, moved so that ``start`` becomes 0.

    Args:
        output: The container being written.
        path: The source.
        start: Source time that becomes output time 0, seconds from the source's first picture.
        end: Source time at which the sound stops, or None for all of it.
        track: Number of the sound track, see :func:`soundini.media.tracks.choose_track`.

    Raises:
        ValueError: MP4 cannot hold this stream.
    """

    def __init__(
        self,
        output: OutputContainer,
        path: Path,
        start: Fraction,
        end: Fraction | None,
        track: int = 0,
    ) -> None:
        self._path = path
        self._container = open_input(path)
        try:
            index = choose_track(path, track)
            source = None if index is None else self._container.streams.audio[index]
            context = None if source is None else source.codec_context
            if source is None or context is None or not (context.sample_rate and context.channels):
                raise ValueError("no audio stream that can be copied")
            self._source = source
            self._stream = output.add_stream_from_template(source)
        except BaseException:
            self._container.close()
            raise
        self._time_base = Fraction(source.time_base or 1)
        self._shift = round(((picture_start(path) or Fraction(0)) + start) / self._time_base)
        self._stop = None if end is None else (end - start) / self._time_base
        self._packets = self._window()
        self._next: Packet | None = None

    def until(self, time: Fraction) -> Iterator[Packet]:
        """Yield the packets that start before ``time``."""
        ticks = time / self._time_base
        while True:
            packet = self._next or next(self._packets, None)
            self._next = None
            if packet is None:
                return
            if packet.pts is not None and packet.pts >= ticks:
                self._next = packet
                return
            packet.stream = self._stream
            yield packet

    def finish(self, end: Fraction) -> Iterator[Packet]:
        """Yield the rest: copied sound is as long as the source's."""
        while (packet := self._next or next(self._packets, None)) is not None:
            self._next = None
            packet.stream = self._stream
            yield packet

    def close(self) -> None:
        """Close the source."""
        self._container.close()

    def _window(self) -> Iterator[Packet]:
        """Packets of the window in output ticks, and one before it for the decoder to start on."""
        before: Packet | None = None
        inside = False
        try:
            for packet in packets_of(self._container, self._source):
                if packet.size == 0 or packet.pts is None:
                    continue
                packet.pts -= self._shift
                packet.dts = packet.pts
                if packet.pts + self._length(packet) <= 0:
                    before = packet
                    continue
                if self._stop is not None and packet.pts >= self._stop:
                    return
                if not inside and before is not None and self._touches(before):
                    yield before
                inside = True
                yield packet
        except av.error.FFmpegError as error:
            raise _unreadable(self._path, error) from None

    def _touches(self, packet: Packet) -> bool:
        """Whether a packet before the window ends where the window begins; after a gap the decoder has nothing to start on."""
        return ((packet.pts or 0) + self._length(packet)) * self._time_base > -GAP

    def _length(self, packet: Packet) -> Fraction:
        """Ticks that a packet sounds, without a gap after it, which MP4 counts in."""
        context = self._source.codec_context
        said = Fraction(packet.duration or 0)
        if not context.frame_size:
            return said
        return min(said, Fraction(2 * context.frame_size, context.sample_rate) / self._time_base)


class EncodeFeed:
    """Encodes blocks of samples to AAC.

    Args:
        output: The container being written.
        blocks: Consecutive blocks, ``float32 [C, n]``, the first at output time 0.
        rate: Sample rate in Hz, one of :data:`AAC_RATES`.
        channels: 1 or 2.
        bit_rate: Bits per second.
    """

    def __init__(
        self,
        output: OutputContainer,
        blocks: Iterator[np.ndarray],
        rate: int,
        channels: int,
        bit_rate: int = 192_000,
    ) -> None:
        self._layout = "mono" if channels == 1 else "stereo"
        self._rate = rate
        self._blocks = blocks
        self._written = 0
        self._stream = output.add_stream("aac", rate=rate, options={"flags": "+bitexact"})
        self._stream.codec_context.layout = self._layout
        self._stream.codec_context.format = "fltp"
        self._stream.codec_context.bit_rate = min(bit_rate, 5 * rate * channels)

    def until(self, time: Fraction) -> Iterator[Packet]:
        """Yield packets until the samples reach ``time``."""
        while self._written < time * self._rate:
            block = next(self._blocks, None)
            if block is None:
                return
            yield from self._encode(block)

    def finish(self, end: Fraction) -> Iterator[Packet]:
        """Yield the rest, cut where the pictures end."""
        last = round(end * self._rate)
        while self._written < last and (block := next(self._blocks, None)) is not None:
            yield from self._encode(block[:, : last - self._written])
        yield from self._stream.encode(None)

    def close(self) -> None:
        """Stop the blocks, which closes what they read."""
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()

    def _encode(self, block: np.ndarray) -> list[Packet]:
        if block.shape[1] == 0:
            return []
        samples = np.ascontiguousarray(block.clip(-1, 1), dtype=np.float32)
        frame = AudioFrame.from_ndarray(samples, format="fltp", layout=self._layout)
        frame.sample_rate = self._rate
        frame.pts = self._written
        frame.time_base = Fraction(1, self._rate)
        self._written += block.shape[1]
        return list(self._stream.encode(frame))


def sound_blocks(sound: Sound) -> Iterator[np.ndarray]:
    """Yield a sound in blocks, ``float32 [C, n]``."""
    for start in range(0, sound.samples.shape[1], _BLOCK):
        yield sound.samples[:, start : start + _BLOCK]


def mixed_blocks(blocks: Iterator[np.ndarray], sound: Sound) -> Iterator[np.ndarray]:
    """Add a sound to blocks; the sum is bent softly so that it never leaves [-1, 1]."""
    at = 0
    for block in blocks:
        part = sound.samples[:, at : at + block.shape[1]]
        at += block.shape[1]
        yield soft_limit(block + np.pad(part, ((0, 0), (0, block.shape[1] - part.shape[1]))))
    for block in sound_blocks(Sound(sound.samples[:, at:], sound.sample_rate)):
        yield soft_limit(block)


def soft_limit(samples: np.ndarray) -> np.ndarray:
    """Leave samples up to 0.9 alone and bend the rest towards 1, without memory.

    y = sign(x) (k + (1 - k) tanh((|x| - k) / (1 - k))) for |x| > k = 0.9.
    """
    size = np.abs(samples)
    bent = _KNEE + (1 - _KNEE) * np.tanh((size - _KNEE) / (1 - _KNEE))
    return np.where(size > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)


def aac_rate(rate: int) -> int:
    """Return the lowest AAC sample rate that loses nothing of ``rate``, in Hz."""
    return next((known for known in AAC_RATES if known >= rate), AAC_RATES[-1])


def as_channels(sound: Sound, rate: int, channels: int) -> Sound:
    """Return a sound at a given rate with 1 or 2 channels."""
    sound = resample(sound, rate)
    if channels == 1:
        return sound.mono()
    return Sound(
        np.ascontiguousarray(np.broadcast_to(sound.samples, (2, sound.samples.shape[1]))), rate
    )


def _unreadable(path: Path, error: Exception) -> MediaError:
    return MediaError(
        "{file}: its sound cannot be decoded ({why}); choose no sound or the guide's sound",
        file=path,
        why=reason(error),
    )
