"""Small videos, sounds and masks for the tests, written where the test says and nowhere else.

Every picture is textured and moves by a known amount, every sound is made from a seed, so that a
test can say what must come out. Nothing here imports soundini: the tests judge it by files it did
not write.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

RATE = 48000


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth coloured noise, ``uint8 [height, width, 3]``: detail that codecs keep."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    wrapped = np.pad(noise, ((12, 12), (12, 12), (0, 0)), mode="wrap")
    smooth = cv2.GaussianBlur(wrapped, (0, 0), 3)[12:-12, 12:-12]
    return np.rint(128 + 45 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)


def moving_frames(
    count: int,
    size: tuple[int, int] = (64, 96),
    *,
    motion: tuple[int, int] = (1, 2),
    seed: int = 0,
) -> list[np.ndarray]:
    """A texture that moves by ``motion`` (rows, columns) a frame and wraps around."""
    picture = texture(*size, seed)
    return [np.roll(picture, (motion[0] * i, motion[1] * i), (0, 1)) for i in range(count)]


def moving_disc(
    count: int, size: tuple[int, int] = (96, 128), *, radius: int = 18, step: int = 2
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A textured disc that moves right by ``step`` a frame over another texture; with its masks."""
    ground, cover = texture(*size, 1), texture(*size, 2) // 2 + 110
    rows, columns = np.mgrid[: size[0], : size[1]]
    frames, masks = [], []
    for i in range(count):
        inside = (rows - size[0] // 2) ** 2 + (columns - 2 * radius - step * i) ** 2 <= radius**2
        frames.append(np.where(inside[..., None], np.roll(cover, step * i, 1), ground))
        masks.append(inside.astype(np.float32))
    return frames, masks


def write_pictures(
    folder: Path, tints: dict[str, tuple[float, float, float]], count: int, name: str = "p{}x.png"
) -> None:
    """Coloured noise under labels in turn, each with a tint, and the ``images.csv`` that lists it.

    Args:
        folder: where it is written.
        tints: label -> red, green and blue, 0 to 1.
        count: pictures in all.
        name: of each, from its number; numbers at the end of a name are frames of one film to the split.
    """
    rng = np.random.default_rng(0)
    lines = ["path,label,source"]
    for number in range(count):
        label = list(tints)[number % len(tints)]
        picture = rng.integers(100, 255, (70, 80, 1)) * np.array(tints[label])
        path = name.format(number)
        Image.fromarray(picture.astype(np.uint8)).save(folder / path)
        lines.append(f"{path},{label},{'more noise' if number // len(tints) % 2 else 'noise'}")
    (folder / "images.csv").write_text("\n".join(lines) + "\n")


def write_video(
    path: Path,
    frames: Sequence[np.ndarray] | int = 24,
    *,
    size: tuple[int, int] = (64, 96),
    fps: Fraction | int = 24,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    color: tuple[int, int, int, int] = (0, 2, 2, 2),
    matrix: int | None = None,
    aspect: Fraction | None = None,
    audio: np.ndarray | None = None,
    audio_codec: str = "aac",
    audio_start: int = 0,
) -> Path:
    """Write a video; the container follows from the suffix of ``path``.

    Args:
        path: Where.
        frames: ``uint8 [H, W, 3]`` each, or a number of :func:`moving_frames`.
        size: Height and width of those.
        fps: Frames per second.
        pts: Ticks of ``time_base`` for each frame (variable rate); default: one frame each.
        time_base: Seconds a tick; default ``1 / fps``.
        pixel_format: Such as ``yuv420p10le``.
        codec: Such as ``mpeg4``.
        options: For the codec.
        rotation: Degrees counterclockwise that the display matrix asks for.
        mirrored: Whether it also mirrors left to right.
        color: Tags: range, matrix, primaries, transfer (H.273). The pixels are converted
            accordingly.
        matrix: The matrix they are converted by, if not that of the tag (or 5, BT.601, without
            one).
        aspect: Sample aspect ratio.
        audio: ``float32 [C, N]`` at 48 kHz.
        audio_codec: Such as ``flac``.
        audio_start: Samples by which the sound starts late.
    """
    pictures = moving_frames(frames, size) if isinstance(frames, int) else list(frames)
    tick = time_base or 1 / Fraction(fps)
    ticks = list(pts) if pts is not None else [round(i / fps / tick) for i in range(len(pictures))]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec,
            rate=Fraction(fps),
            options=options or ({"crf": "12"} if codec == "libx264" else {}),
        )
        stream.height, stream.width = pictures[0].shape[:2]
        _set_format(stream, pixel_format, tick, color, aspect)
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        sound = None
        if audio is not None:
            sound = container.add_stream(audio_codec, rate=RATE)
            sound.codec_context.layout = "mono" if audio.shape[0] == 1 else "stereo"
        for picture, at in zip(pictures, ticks, strict=True):
            frame = _converted(picture, pixel_format, color, matrix)
            frame.pts, frame.time_base = at, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None and audio is not None:
            _encode_sound(container, sound, audio, audio_start)
    return path


def _set_format(
    stream,
    pixel_format: str,
    tick: Fraction,
    color: tuple[int, int, int, int],
    aspect: Fraction | None,
) -> None:
    stream.pix_fmt = pixel_format
    context = stream.codec_context
    context.time_base = stream.time_base = tick
    context.thread_count = 1
    context.color_range, context.colorspace, context.color_primaries, context.color_trc = color
    if aspect is not None:
        context.sample_aspect_ratio = aspect


def _converted(
    picture: np.ndarray, pixel_format: str, color: tuple[int, int, int, int], matrix: int | None
) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(
        format=pixel_format,
        dst_colorspace=matrix or (1 if color[1] == 1 else 5),
        src_color_range=2,
        dst_color_range=color[0] or 1,
    )


def _encode_sound(container, stream, audio: np.ndarray, start: int) -> None:
    for at in range(0, audio.shape[1], 1024):
        samples = np.ascontiguousarray(audio[:, at : at + 1024])
        layout = "mono" if audio.shape[0] == 1 else "stereo"
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), start + at
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def tone(
    seconds: float, hertz: float = 440.0, *, channels: int = 1, level: float = 0.5
) -> np.ndarray:
    """A sine, ``float32 [channels, N]`` at 48 kHz."""
    wave_ = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave_.astype(np.float32), (channels, 1))


def clicks(seconds: float, times: Sequence[float], *, channels: int = 1) -> np.ndarray:
    """Short bursts of noise at the given times in silence, ``float32 [channels, N]`` at 48 kHz."""
    out = np.zeros((channels, round(seconds * RATE)), np.float32)
    burst = np.random.default_rng(0).uniform(-0.8, 0.8, 240).astype(np.float32)
    for time in times:
        at = round(time * RATE)
        part = out[:, at : at + len(burst)]
        part += burst[: part.shape[1]]
    return out


def write_sound(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write ``float32 [C, N]`` in [-1, 1]; ``.wav`` is 16-bit PCM, written without FFmpeg."""
    if path.suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setnchannels(samples.shape[0])
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((samples.T.clip(-1, 1) * 32767).astype("<i2").tobytes())
        return path
    codec = {".ogg": "libopus", ".opus": "libopus", ".mp3": "libmp3lame"}.get(path.suffix)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec or path.suffix[1:], rate=rate)
        stream.codec_context.layout = "mono" if samples.shape[0] == 1 else "stereo"
        _encode_sound(container, stream, samples, 0)
    return path


def write_image(path: Path, picture: np.ndarray) -> Path:
    """Write ``uint8`` of 1, 3 or 4 channels, or a float mask in [0, 1], as an image."""
    from PIL import Image

    if picture.dtype != np.uint8:
        picture = np.rint(picture * 255).astype(np.uint8)
    Image.fromarray(picture).save(path)
    return path


def disc_mask(size: tuple[int, int] = (64, 96), radius: int = 12) -> np.ndarray:
    """A white disc in the middle, ``float32 [H, W]`` of 0 and 1."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    inside = (rows - size[0] // 2) ** 2 + (columns - size[1] // 2) ** 2 <= radius**2
    return inside.astype(np.float32)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two ``uint8`` pictures, in dB."""
    error = ((one.astype(np.float64) - other.astype(np.float64)) ** 2).mean()
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def onset(samples: np.ndarray, rate: int, threshold: float = 0.1) -> float:
    """Seconds to the first sample above ``threshold``, or infinity."""
    loud = np.flatnonzero(np.abs(samples).max(0) > threshold)
    return float(loud[0]) / rate if len(loud) else float("inf")
