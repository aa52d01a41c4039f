"""Sounds: loading, checking and resampling."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np
import soxr

from soundini.errors import MediaError
from soundini.media.limits import MAX_SAMPLE_RATE, SOUND_SECONDS, Patience
from soundini.media.opening import find_audio, find_video, open_input, reason

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

AUDIBLE_PEAK = 10 ** (-80 / 20)
# These containers state their length exactly, so a shortfall is a truncation.
_EXACT_LENGTH = {"flac", "aiff", "w64", "mov,mp4,m4a,3gp,3g2,mj2"}


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound in memory.

    Attributes:
        samples: ``float32 [C, N]`` with C 1 or 2, nominally in [-1, 1]; a gain may take it beyond.
        sample_rate: Samples per second, in Hz.
    """

    samples: np.ndarray
    sample_rate: int

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
        """Return the mean of the channels.

        Shape:
            - samples: ``[1, N]``
        """
        if self.samples.shape[0] == 1:
            return self
        return Sound(self.samples.mean(axis=0, keepdims=True, dtype=np.float32), self.sample_rate)


def load_sound(path: str | Path) -> Sound:
    """Read an audio file, or the sound of a video, at its own sample rate.

    Of a video, sample 0 is the time of the first picture: sound that starts late is padded, sound
    that starts early is cut. More than two channels are mixed down to two.

    Args:
        path: Any file with an audio stream that FFmpeg reads; the first such stream is taken.

    Returns:
        The sound.

    Raises:
        MediaError: The file is missing, empty, no media file, incomplete, has no sound, holds
            samples that are not numbers, or is too long
            (:data:`soundini.media.limits.SOUND_SECONDS`; it is held in memory).
    """
    path = Path(path)
    with open_input(path) as container:
        stream = find_audio(container)
        if stream is None:
            raise MediaError(f"{path}: holds no sound; give a file with an audio track")
        if stream.codec_context is None or stream.codec_context.codec is None:
            raise MediaError(f"{path}: its audio codec is not known; convert it to wav first")
        rate = stream.codec_context.sample_rate
        if not 0 < rate <= MAX_SAMPLE_RATE:
            raise MediaError(
                f"{path}: its sound has {rate} samples a second, where 1 to {MAX_SAMPLE_RATE} can be; "
                "convert it to wav first"
            )
        _check_length(path, _claimed_seconds(container, stream))
        samples, first_time = _decode(container, stream, path)
        _check_length(path, samples.shape[1] / rate)
        _check_complete(path, container, stream, samples.shape[1] / rate)
        late = _lateness(container, first_time)
        _check_length(path, samples.shape[1] / rate + float(max(late, Fraction(0))))
        samples = _align(samples, round(late * rate))
    if samples.shape[1] == 0:
        raise MediaError(f"{path}: its sound has no length; record or export it again")
    if not np.isfinite(samples).all():
        raise MediaError(f"{path}: its sound holds NaN or infinite samples; export it again")
    return Sound(samples, rate)


def require_audible(sound: Sound, name: str | Path = "the sound") -> None:
    """Refuse silence: nothing can follow it.

    Args:
        sound: The sound.
        name: What to call it in the message.

    Raises:
        MediaError: No sample is louder than -80 dBFS.
    """
    if sound.peak < AUDIBLE_PEAK:
        raise MediaError(f"{name}: is silent (peak under -80 dBFS); give a sound that can be heard")


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


def _decode(
    container: InputContainer, stream: AudioStream, path: Path
) -> tuple[np.ndarray, Fraction | None]:
    """All samples as ``float32 [C, N]`` (not many more than may be), and the time of the first."""
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    rate = stream.codec_context.sample_rate
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    chunks: list[np.ndarray] = []
    first_time: Fraction | None = None
    length = 0
    limit, patience = SOUND_SECONDS.value * rate, Patience(path)
    try:
        for packet in container.demux(stream):
            patience.check()
            for frame in packet.decode():
                patience.renew()
                if first_time is None and frame.pts is not None:
                    first_time = frame.pts * Fraction(frame.time_base or stream.time_base or 1)
                for converted in resampler.resample(frame):
                    chunks.append(converted.to_ndarray())
                    length += chunks[-1].shape[1]
            if length > limit:
                break
        chunks += [converted.to_ndarray() for converted in resampler.resample(None)]
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{path}: its sound cannot be decoded past {length / rate:.2f} s ({reason(error)}); "
            "copy or export it again"
        ) from None
    channels = 1 if layout == "mono" else 2
    samples = np.concatenate(chunks, axis=1) if chunks else np.zeros((channels, 0))
    return np.ascontiguousarray(samples, dtype=np.float32), first_time


def _lateness(container: InputContainer, first_time: Fraction | None) -> Fraction:
    """Seconds from the video's first picture to the first sample; 0 where there is no video."""
    video = find_video(container)
    if video is None or video.start_time is None or first_time is None:
        return Fraction(0)
    return first_time - video.start_time * Fraction(video.time_base or 1)


def _align(samples: np.ndarray, late: int) -> np.ndarray:
    """Let sample 0 be the time of the video's first picture: ``late`` samples are put before it, or cut."""
    if late >= 0:
        return np.pad(samples, ((0, 0), (late, 0)))
    return samples[:, -late:]


def _claimed_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration:
        return float(stream.duration * Fraction(stream.time_base or 1))
    return container.duration / av.time_base if container.duration else None


def _check_length(path: Path, seconds: float | None) -> None:
    if seconds is not None and seconds > SOUND_SECONDS.value:
        raise SOUND_SECONDS.exceeded(path, f"its sound lasts {seconds:.0f} s")


def _check_complete(
    path: Path, container: InputContainer, stream: AudioStream, seconds: float
) -> None:
    exact = container.format.name in _EXACT_LENGTH
    claimed = _claimed_seconds(container, stream) if exact else None
    if container.format.name == "wav":
        claimed = seconds / max(_wav_share(path), 1e-6)
    if claimed is not None and seconds < 0.98 * claimed - 0.1:
        raise MediaError(
            f"{path}: is incomplete ({seconds:.2f} s of {claimed:.2f} s of sound are there); "
            "copy or export it again"
        )


def _wav_share(path: Path) -> float:
    """Return the share of its data that a WAV file holds; FFmpeg takes what is there for all."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", header)
            if name == b"data":
                unknown = length in (0, 0xFFFFFFFF)  # as recorders to a pipe write it
                return 1.0 if unknown else min(1.0, (size - file.tell()) / length)
            file.seek(length + length % 2, 1)
    return 1.0
