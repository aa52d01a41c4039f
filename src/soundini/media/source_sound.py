"""The sound of a source between two times, for writing it to an output."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soxr

from soundini.errors import MediaError
from soundini.media.opening import open_input
from soundini.media.sound import Sound, spared
from soundini.media.sound_decoding import SoundBlock, decode_sound
from soundini.media.tracks import choose_track

_BLOCK = 1024


@dataclass(frozen=True)
class SourceSound:
    """Properties of a source's sound between two times.

    Args:
        codec: such as ``aac``.
        rate: the highest of its sample rates, in Hz.
        channels: 1 or 2.
        steady: whether its packets can be copied: rate and channels stay the same, and there is no gap.
    """

    codec: str
    rate: int
    channels: int
    steady: bool


def find_source_sound(
    path: Path, start: Fraction, end: Fraction | None, track: int = 0
) -> SourceSound | None:
    """Decode a source's sound between two times to find its properties.

    Args:
        path: the source.
        start: where to begin, seconds from the source's first picture.
        end: where to end, or None for the end of the sound.
        track: number of the sound track, see :func:`soundini.media.tracks.choose_track`.

    Returns:
        None if there is none, or it cannot be read.
    """
    index = choose_track(path, track)
    if index is None:
        return None
    with open_input(path) as container:
        context = container.streams.audio[index].codec_context
        if context is None or context.codec is None:
            return None
        codec, rate, channels = context.name, context.sample_rate, min(2, context.channels)
    forms: set[tuple[int, int]] = set()
    steady = True
    for number, block in enumerate(source_samples(path, start, end, track)):
        forms.add((block.rate, len(block.samples)))
        steady = steady and not block.moved and (block.follows or number == 0)
    if not forms:
        return SourceSound(codec, rate, channels, True)
    rates, counts = zip(*forms, strict=True)
    return SourceSound(codec, max(rates), max(counts), steady)


def source_samples(
    path: Path, start: Fraction, end: Fraction | None, track: int = 0
) -> Iterator[SoundBlock]:
    """The blocks of a source's sound that overlap a span of time; see :func:`find_source_sound`.

    Damage after the span does not matter.
    """
    done = Fraction(0)
    try:
        for block in decode_sound(path, track):
            done = block.end
            if end is not None and block.begin >= end:
                return
            if block.end > start:
                yield block
    except MediaError:
        if end is None or done < end - spared(path, end - start):
            raise


def source_blocks(
    path: Path,
    start: Fraction,
    end: Fraction | None,
    rate: int,
    channels: int,
    track: int = 0,
) -> Iterator[np.ndarray]:
    """Decode a source's sound between two times, in step with its pictures.

    Gaps become silence, so that the rest stays in its place. Changes of rate are resampled to one rate.

    Args:
        path: The source.
        start: Where to begin, seconds from the source's first picture.
        end: Where to end, or None for the end of the sound.
        rate: Sample rate of the blocks, in Hz.
        channels: 1 or 2.
        track: number of the sound track, see :func:`find_source_sound`.

    Yields:
        Consecutive blocks ``float32 [C, n]``, the first at ``start``.
    """
    limit = None if end is None else round((end - start) * rate)
    at = 0
    for samples, begin in _runs(path, start, end, rate, channels, track):
        where = at if begin is None else round((begin - start) * rate)
        block = samples[:, max(at - where, 0) :]
        while at < where and (limit is None or at < limit):
            silence = min(where - at, _BLOCK)
            yield np.zeros((channels, silence), np.float32)
            at += silence
        if limit is not None:
            if at >= limit:
                return
            block = block[:, : limit - at]
        if block.shape[1]:
            yield block
            at += block.shape[1]


def _runs(
    path: Path, start: Fraction, end: Fraction | None, rate: int, channels: int, track: int
) -> Iterator[tuple[np.ndarray, Fraction | None]]:
    """Samples at the wanted rate, and where they begin; None if they follow the ones before."""
    stream: soxr.ResampleStream | None = None
    for block in source_samples(path, start, end, track):
        if stream is not None and not block.follows:
            yield _resampled(stream, np.zeros((0, channels), np.float32), last=True), None
            stream = None
        samples = np.broadcast_to(block.samples, (channels, block.samples.shape[1]))
        if len(block.samples) > channels:
            samples = Sound(block.samples, block.rate).mono().samples
        if block.rate == rate:
            yield samples, block.begin
            continue
        begin = block.begin if stream is None else None
        if stream is None:
            stream = soxr.ResampleStream(block.rate, rate, channels, "float32", "HQ")
        yield _resampled(stream, samples.T), begin
    if stream is not None:
        yield _resampled(stream, np.zeros((0, channels), np.float32), last=True), None


def _resampled(stream: soxr.ResampleStream, samples: np.ndarray, last: bool = False) -> np.ndarray:
    out = stream.resample_chunk(np.ascontiguousarray(samples), last)
    return np.ascontiguousarray(out.T, np.float32)
