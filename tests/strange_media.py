"""Files as recorders, pipes and joins leave them, made of the factory's: their right values are known."""

from __future__ import annotations

import struct
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


def without_sound_between(path: Path, source: Path, begin: float, end: float) -> Path:
    """A copy of a video without the packets of its sound between two times."""
    with av.open(str(source)) as given, av.open(str(path), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.size == 0 or packet.pts is None:
                continue
            time = float(packet.pts * packet.time_base)
            if packet.stream.type == "audio" and begin <= time < end:
                continue
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    return path


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
    with (
        av.open(str(source)) as given,
        av.open(
            str(path), "w", options={"movflags": "faststart"} if path.suffix == ".mp4" else {}
        ) as out,
    ):
        streams = {s.index: out.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    return path


def damage_sound(path: Path, source: Path) -> Path:
    """A copy of a video whose packets of sound are noise from the third on."""
    rng = np.random.default_rng(0)
    with av.open(str(source)) as given, av.open(str(path), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in given.streams}
        count = 0
        for packet in given.demux():
            if packet.size == 0:
                continue
            if packet.stream.type == "audio":
                count += 1
                if count > 2:
                    stream, pts = packet.stream, packet.pts
                    packet = av.Packet(rng.bytes(packet.size))
                    packet.stream, packet.pts, packet.dts = stream, pts, pts
                    packet.time_base = stream.time_base
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    return path
