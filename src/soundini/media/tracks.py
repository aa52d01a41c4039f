"""Chooses the sound track of a file."""

from pathlib import Path

import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from soundini.errors import MediaError, Option
from soundini.media.limits import IdleTimeout
from soundini.media.opening import open_input, packets_of

AUDIBLE_PEAK = 10 ** (-80 / 20)
_DEFAULT = 0x1  # AV_DISPOSITION_DEFAULT


def choose_track(path: Path, wanted: int = 0) -> int | None:
    """Choose a sound track: the wanted one, else the default one if it is audible, else the first that is audible.

    If the file has one track, or one is wanted, it is only opened. Else tracks are decoded until one is audible.

    Args:
        path: the file.
        wanted: number of the track, from 1; 0 to choose one.

    Returns:
        Its index among the sound tracks, from 0; None if there is none.

    Raises:
        MediaError: the file cannot be opened, or has no such track.
    """
    with open_input(path) as container:
        tracks = list(container.streams.audio)
        if wanted:
            if wanted <= len(tracks):
                return wanted - 1
            if not tracks:
                raise MediaError(
                    "{file}: holds no sound; give a file with an audio track", file=path
                )
            raise MediaError(
                "{file}: has no sound track {track}, only {there}; choose another with {option}",
                file=path,
                track=wanted,
                there=describe_tracks(container),
                option=Option("sound.track"),
            )
        if len(tracks) < 2:
            return 0 if tracks else None
        order = sorted(range(len(tracks)), key=lambda i: not _is_default(tracks[i]))
    return next((i for i in order if _is_audible(path, i)), order[0])


def describe_tracks(container: InputContainer) -> str:
    """The sound tracks of a file, such as ``1 (aac, stereo, eng), 2 (aac, mono, default)``."""
    return ", ".join(
        f"{i} ({', '.join(_words(track))})" for i, track in enumerate(container.streams.audio, 1)
    )


def _words(track: AudioStream) -> list[str]:
    context, language = track.codec_context, track.metadata.get("language", "und")
    words = [context.name, context.layout.name] if context is not None else ["unknown codec"]
    words += [] if language == "und" else [language[:16]]
    title = track.metadata.get("title", "")
    words += [title[:40]] if title else []
    return [*words, "default"] if _is_default(track) else words


def _is_default(track: AudioStream) -> bool:
    return bool(int(track.disposition) & _DEFAULT)


def _is_audible(path: Path, index: int) -> bool:
    idle = IdleTimeout(path)
    with open_input(path) as container:
        track = container.streams.audio[index]
        if track.codec_context is None or track.codec_context.codec is None:
            return False
        try:
            for packet in packets_of(container, track):
                idle.renew()
                if any(_swing(frame.to_ndarray()) >= AUDIBLE_PEAK for frame in packet.decode()):
                    return True
        except (av.error.FFmpegError, ValueError):
            return False  # reading it will say where it is damaged
    return False


def _swing(samples: np.ndarray) -> float:
    """Half the distance from the lowest sample to the highest; full scale is 1."""
    if samples.size == 0:
        return 0.0
    full = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max)
    full = full / 2 if samples.dtype.kind == "u" else full
    return (float(samples.max()) - float(samples.min())) / 2 / full
