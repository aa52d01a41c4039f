"""Sounds: loading, checking and resampling."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soxr

from soundini.errors import MediaError, Message
from soundini.media.limits import SOUND_SECONDS, VIDEO_SECONDS
from soundini.media.loudness import Level, LevelMeter, without_offset
from soundini.media.opening import open_input
from soundini.media.sound_decoding import SoundBlock, decode_sound
from soundini.media.tracks import AUDIBLE_PEAK
from soundini.media.wholeness import is_cut_off, riff_share

_EXACT_LENGTH = {"w64"}
"""Containers that state their exact length, and in which no part could reach beyond the end of the file."""
_IN_TURN = Fraction(1)
"""Sound may be stored up to this many seconds after the pictures it belongs to."""
_CANCELLED = 0.25
"""If the mean of the channels has less than this share of their power, they cancel each other."""
_ASKED = 0.25
"""Seconds between two checks whether channels cancel each other."""


@dataclass(frozen=True)
class Stretch:
    """The recording that a sound is a part of.

    Attributes:
        begin: Second of the recording at which the part begins.
        level: How loud the whole recording is.
    """

    begin: float
    level: Level


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound in memory.

    Attributes:
        samples: ``float32 [C, N]`` with C 1 or 2, nominally in [-1, 1]; a gain may take it beyond.
        sample_rate: Samples per second, in Hz.
        stretch: Where it lies in the recording that it was read from; None if it is whole.
    """

    samples: np.ndarray
    sample_rate: int
    stretch: Stretch | None = None

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[0] not in (1, 2):
            raise ValueError(f"samples must be [1 or 2, N], not {list(self.samples.shape)}")
        if self.samples.dtype != np.float32:
            raise ValueError(f"samples must be float32, not {self.samples.dtype}")
        if self.sample_rate <= 0:
            raise ValueError(f"sample_rate must be positive, not {self.sample_rate}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / self.sample_rate

    @property
    def peak(self) -> float:
        """The largest absolute sample; 0 for an empty sound."""
        return float(np.abs(self.samples).max(initial=0.0))

    @property
    def audible_until(self) -> float:
        """Seconds until the last sample that is louder than -80 dBFS; 0 in silence."""
        audible = np.flatnonzero((np.abs(self.samples) >= AUDIBLE_PEAK).any(0))
        return (int(audible[-1]) + 1) / self.sample_rate if audible.size else 0.0

    def mono(self) -> Sound:
        """Return the mean of the channels, or the loudest channel while they cancel each other in the mean.

        This is decided every quarter of a second, with a crossfade in between.

        Shape:
            - samples: ``[1, N]``
        """
        if self.samples.shape[0] == 1 or not self.samples.size:
            return self
        mean = self.samples.mean(axis=0, dtype=np.float32)
        starts = np.arange(0, len(mean), max(1, round(_ASKED * self.sample_rate)))
        lengths = np.diff(np.append(starts, len(mean)))
        powers = np.add.reduceat(self.samples.astype(np.float64) ** 2, starts, axis=1) / lengths
        power = np.add.reduceat(mean.astype(np.float64) ** 2, starts) / lengths
        cancelled = power < _CANCELLED * powers.mean(0)
        if not cancelled.any():
            return Sound(mean[None], self.sample_rate)
        loudest = self.samples[int((powers * lengths * cancelled).sum(1).argmax())]
        sounding = powers.sum(0) > 0  # in silence the neighbours decide
        centres, shares = (starts + lengths / 2)[sounding], cancelled[sounding].astype(float)
        share = np.interp(np.arange(len(mean)), centres, shares)
        mixed = mean + share * (loudest - mean)
        return Sound(mixed[None].astype(np.float32), self.sample_rate)

    def centred(self) -> Sound:
        """Return the sound without a DC offset; the same sound if it has none."""
        samples = without_offset(self.samples, self.sample_rate)
        return self if samples is self.samples else Sound(samples, self.sample_rate, self.stretch)


def load_sound(
    path: str | Path,
    *,
    start: float = 0.0,
    end: float | None = None,
    needed: float | None = None,
    track: int = 0,
) -> Sound:
    """Read an audio file, or the sound of a video.

    Time 0 is the first picture; in a file without pictures it is the first sample. Sound that starts later is padded, sound
    that starts earlier is cut. Gaps become silence. More than two channels are mixed down to two. If rate or
    channels change midway, the highest rate and the most channels are used for all.

    Args:
        path: Any file with an audio stream that FFmpeg reads.
        start: Seconds from time 0 at which the returned samples begin.
        end: Seconds at which they end; None for the end of the file. The level is taken from the whole file in any case.
        needed: Seconds after which damage does not matter; None if the file must be whole. In a file that is cut off, the sound
            may end a second earlier, since it is stored in turns with the pictures.
        track: Number of the sound track, from 1; 0 for the default one, else the first that is audible.

    Returns:
        The sound.

    Raises:
        MediaError: The file is missing, empty, no media file, incomplete, has no sound, holds
            samples that are not numbers, or what is to be held is too long
            (:data:`soundini.media.limits.SOUND_SECONDS`).
    """
    path = Path(path)
    loading = _Loading(path, start, end, needed)
    try:
        for block in decode_sound(path, track):
            loading.take(block)
    except MediaError:
        if not loading.has_all():
            raise
    if not loading.has_all():
        _check_complete(path, loading.until)
    if loading.until == 0 and loading.early:
        raise MediaError(
            "{file}: its sound ends before its first picture; give another sound", file=path
        )
    if loading.until == 0:
        raise MediaError("{file}: its sound has no length; record or export it again", file=path)
    return loading.sound()


def spared(path: Path, seconds: Fraction) -> Fraction:
    """Seconds that may be missing at the end of a sound: in a file that is cut off, sound is stored after its pictures.

    Args:
        path: the file.
        seconds: length of the stretch.
    """
    return min(_IN_TURN, seconds / 2) if is_cut_off(path) else Fraction(0)


class _Loading:
    """Collects the blocks of a file between two times, and measures all of them."""

    def __init__(self, path: Path, start: float, end: float | None, needed: float | None) -> None:
        self._path = path
        self._start = Fraction(start)
        self._end = None if end is None else Fraction(end)
        self._needed = None if needed is None else Fraction(needed) - spared(path, Fraction(needed))
        self._most = Fraction(SOUND_SECONDS.value)
        self._meter: LevelMeter | None = None
        self._measured = Fraction(0)
        self._runs: list[list[SoundBlock]] = []
        self.until = Fraction(0)
        self.early = False

    def has_all(self) -> bool:
        """Whether everything that is needed has been read."""
        return self._needed is not None and self.until > 0 and self.until >= self._needed

    def take(self, block: SoundBlock) -> None:
        if block.end <= 0:
            self.early = True
            return
        if not np.isfinite(block.samples).all():
            raise MediaError(
                "{file}: its sound holds NaN or infinite samples; export it again", file=self._path
            )
        self.until = max(self.until, block.end)
        held = block.end > self._start and (self._end is None or block.begin < self._end)
        if held and block.end - self._start > self._most:
            with open_input(self._path) as container:
                claimed = (container.duration or 0) / av.time_base
            seconds = max(claimed, float(block.end))
            raise SOUND_SECONDS.exceeded(self._path, _lasts(seconds))
        if self.until > VIDEO_SECONDS.value:
            raise VIDEO_SECONDS.exceeded(self._path, _lasts(float(self.until)))
        self._measure(block)
        if not held:
            return
        if block.follows and self._runs and self._runs[-1][-1].end == block.begin:
            self._runs[-1].append(block)
        else:
            self._runs.append([block])

    def sound(self) -> Sound:
        """The collected samples, at one rate."""
        assert self._meter is not None
        blocks = [block for run in self._runs for block in run]
        rate = max((block.rate for block in blocks), default=self._meter.sample_rate)
        channels = max((len(block.samples) for block in blocks), default=1)
        end = self.until if self._end is None else min(self.until, self._end)
        count = max(1, round((end - self._start) * rate))
        samples = np.zeros((channels, count), np.float32)
        for run in self._runs:
            part = Sound(np.concatenate([block.samples for block in run], 1), run[0].rate)
            part = resample(part, rate).samples
            at = round((run[0].begin - self._start) * rate)
            part = part[:, max(0, -at) :][:, : max(0, count - max(0, at))]
            samples[:, max(0, at) : max(0, at) + part.shape[1]] = part
        return Sound(samples, rate, Stretch(float(self._start), self._meter.level()))

    def _measure(self, block: SoundBlock) -> None:
        if self._meter is None:
            self._meter = LevelMeter(block.rate)
        gap = min(max(block.begin, Fraction(0)) - self._measured, self._most)
        if gap > 0:
            silence = round(gap * self._meter.sample_rate)
            self._meter.add(np.zeros((len(block.samples), silence), np.float32))
        samples = block.samples[:, max(0, round(-block.begin * block.rate)) :]
        part = Sound(samples, block.rate)
        self._meter.add(resample(part, self._meter.sample_rate).samples)
        self._measured = block.end


def require_audible(sound: Sound, name: str | Path | Message = "the sound") -> None:
    """Refuse silence: nothing can follow it.

    Args:
        sound: The sound.
        name: What to call it in the message.

    Raises:
        MediaError: No sample is louder than -80 dBFS.
    """
    peak = sound.stretch.level.peak if sound.stretch is not None else sound.centred().peak
    if peak < AUDIBLE_PEAK:
        raise MediaError(
            "{file}: is silent (peak under -80 dBFS); give a sound that can be heard", file=name
        )


def resample(sound: Sound, rate: int) -> Sound:
    """Resample with soxr at high quality; the same input gives the same samples.

    Args:
        sound: The sound.
        rate: The new sample rate in Hz, 1 or more.

    Returns:
        A sound of the same length to within a sample.
    """
    if rate == sound.sample_rate:
        return sound
    samples = soxr.resample(np.ascontiguousarray(sound.samples.T), sound.sample_rate, rate, "HQ")
    return Sound(np.ascontiguousarray(samples.T, dtype=np.float32), rate)


def _check_complete(path: Path, seconds: Fraction) -> None:
    """Refuse a file that ends before it should.

    Raises:
        MediaError: the end of the file is missing, and sound with it.
    """
    with open_input(path) as container:
        claimed = None
        if container.format.name == "wav":
            claimed = float(seconds) / max(riff_share(path), 1e-6)
        elif container.format.name in _EXACT_LENGTH or is_cut_off(path):
            claimed = container.duration / av.time_base if container.duration else None
    if claimed is not None and seconds < 0.98 * claimed - 0.1:
        raise MediaError(
            "{file}: is incomplete ({here:.2f} s of {whole:.2f} s of sound are there); copy or "
            "export it again",
            file=path,
            here=float(seconds),
            whole=claimed,
        )


def _lasts(seconds: float) -> Message:
    return Message("its sound lasts {seconds:.0f} s", {"seconds": seconds})
