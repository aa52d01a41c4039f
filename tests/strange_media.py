"""Files as recorders, pipes and joins leave them, made of the factory's: their right values are known."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

import media_factory as make


def join(path: Path, *parts: Path) -> Path:
    """The bytes of files one after the other, as ``cat`` joins them."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def write_encoded(path: Path, samples: np.ndarray, rate: int = make.RATE) -> Path:
    """A sound in MP3 or ADTS, at any rate."""
    codec = {".mp3": "libmp3lame", ".aac": "aac"}[path.suffix]
    with av.open(str(path), "w", format={".aac": "adts"}.get(path.suffix)) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = "mono" if samples.shape[0] == 1 else "stereo"
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=stream.codec_context.layout.name
        )
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(
            format=stream.codec_context.format.name,
            layout=stream.codec_context.layout.name,
            rate=rate,
            frame_size=stream.codec_context.frame_size or 1152,
        )
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def copy_packets(
    path: Path,
    source: Path,
    change: Callable[[int, av.Packet], av.Packet | None] = lambda number, packet: packet,
    **options: str,
) -> Path:
    """A copy of a video, packet by packet; ``change`` may drop or replace packets of the sound, counted from 0."""
    with av.open(str(source)) as given, av.open(str(path), "w", options=options) as out:
        streams = {s.index: out.add_stream_from_template(s) for s in given.streams}
        sounds = itertools.count()
        for packet in given.demux():
            stream = packet.stream
            if packet.size and stream.type == "audio":
                packet = change(next(sounds), packet)
            if packet is not None and packet.size:
                packet.stream = streams[stream.index]
                out.mux(packet)
    return path


def without_sound_between(path: Path, source: Path, begin: float, end: float) -> Path:
    """A copy of a video without the packets of its sound between two times."""

    def kept(_number: int, packet: av.Packet) -> av.Packet | None:
        return None if begin <= float(packet.pts * packet.time_base) < end else packet

    return copy_packets(path, source, kept)


def with_tracks(
    path: Path, sounds: list[np.ndarray], default: int | None, frames: int = 48
) -> Path:
    """A video with several sound tracks, one of which is the default."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=24)
        pictures = make.moving_frames(frames)
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = "yuv420p"
        tracks = []
        for number, _ in enumerate(sounds):
            track = out.add_stream("aac", rate=make.RATE)
            track.codec_context.layout = "mono"
            track.disposition = 1 if number == default else 0
            tracks.append(track)
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for track, samples in zip(tracks, sounds, strict=True):
            make._encode_sound(out, track, samples, 0)
    return path


def with_wav_lengths(path: Path, source: Path, riff: int, data: int) -> Path:
    """A WAV whose header promises other lengths than it has."""
    content = bytearray(source.read_bytes())
    content[4:8] = struct.pack("<I", riff)
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", data)
    path.write_bytes(bytes(content))
    return path


def with_index_first(path: Path, source: Path) -> Path:
    """A copy of a video whose index, if it has one, comes first, as for a download."""
    return copy_packets(path, source, **{"movflags": "faststart"} if path.suffix == ".mp4" else {})


def damage_sound(path: Path, source: Path) -> Path:
    """A copy of a video whose packets of sound are noise from the third on."""
    rng = np.random.default_rng(0)

    def damaged(number: int, packet: av.Packet) -> av.Packet:
        if number < 2:
            return packet
        noise = av.Packet(rng.bytes(packet.size))
        noise.stream, noise.pts, noise.dts = packet.stream, packet.pts, packet.pts
        noise.time_base = packet.stream.time_base
        return noise

    return copy_packets(path, source, damaged)
