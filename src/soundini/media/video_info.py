"""Probes a video: its size, rate, colours and streams."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from soundini.errors import MediaError
from soundini.media.color import FULL, ColorTags
from soundini.media.fields import FieldOrder, field_order
from soundini.media.limits import MAX_PIXELS, MAX_SIDE, MIN_SIDE
from soundini.media.opening import (
    find_audio,
    find_video,
    frames_of,
    is_still,
    open_input,
    packets_of,
    reason,
)
from soundini.media.orientation import Orientation

# No more digits than these: a Fraction of 1e999999999 takes for ever to make.
_MATROSKA_DURATION = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)", re.ASCII)
_FALLBACK_RATE = Fraction(25)
_FILM = 3
"""From this many pictures on, a file is a film: a photograph may hold one or two smaller copies."""
_TO_SDR = "zscale=t=linear,tonemap=hable,zscale=p=bt709:t=bt709:m=bt709:r=tv"


@dataclass(frozen=True)
class PictureFormat:
    """The properties that an output takes from its source.

    Attributes:
        width: Pixels, as displayed.
        height: Pixels, as displayed.
        frame_rate: Frames per second; of a variable-rate video, the average.
        time_base: Seconds per tick of the timestamps.
        color: The colour tags.
        sample_aspect_ratio: Width of a pixel over its height.
    """

    width: int
    height: int
    frame_rate: Fraction
    time_base: Fraction
    color: ColorTags = field(default_factory=ColorTags)
    sample_aspect_ratio: Fraction = Fraction(1)


@dataclass(frozen=True, kw_only=True)
class VideoInfo(PictureFormat):
    """A video file as :func:`probe_video` finds it.

    Width, height and the sample aspect ratio hold AFTER :attr:`orientation` is applied.

    Attributes:
        path: The file.
        frame_count: As the container states it, or None; see ``count_frames``.
        duration: Seconds, or None if the container does not state it.
        rotation: Counterclockwise degrees (0, 90, 180, 270) by which the stored picture is turned.
        orientation: The same with mirroring, as ``VideoReader`` applies it.
        start_time: The stream's own time at its first frame, seconds; ``VideoFrame.time`` counts
            from here.
        has_audio: Whether there is an audio stream.
        audio_codec: Its codec, such as ``aac``, or None.
        pixel_format: Such as ``yuv420p``.
        codec: Such as ``h264``.
        fields: Which field of an interlaced frame comes first; None if frames are not interlaced.
        container: FFmpeg's names for the container, such as ``mov,mp4,m4a,3gp,3g2,mj2``.
    """

    path: Path
    frame_count: int | None
    duration: Fraction | None
    rotation: int = 0
    orientation: Orientation = field(default_factory=Orientation)
    start_time: Fraction = Fraction(0)
    has_audio: bool = False
    audio_codec: str | None = None
    pixel_format: str = "yuv420p"
    codec: str = "h264"
    container: str = ""
    fields: FieldOrder | None = None


def probe_video(path: str | Path) -> VideoInfo:
    """Read a video's header and its first frame.

    Args:
        path: A local video file in any container that FFmpeg reads.

    Returns:
        The properties of the video. At most one frame is decoded.

    Raises:
        MediaError: The file is missing, a folder, empty, incomplete, no video, a still image, HDR,
            smaller than 16x16, larger than 8192 on a side or than 8192x4320
            in all, or its codec is not known.
    """
    path = Path(path)
    with open_input(path) as container:
        stream = video_stream(container, path)
        frame = _first_frame(container, stream, path)
        return _describe(container, stream, frame, path)


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the video stream of an open file, if it can be edited.

    Raises:
        MediaError: As :func:`probe_video`.
    """
    stream = find_video(container)
    names = container.format.name
    if stream is None:
        if container.streams.audio:
            raise MediaError("{file}: holds sound but no video; give a video file", file=path)
        raise MediaError("{file}: holds no video stream; give a video file", file=path)
    pictures = names.endswith("_pipe") or names == "image2"
    if is_still(container, stream) or (pictures and not _is_film(path)):
        raise MediaError("{file}: is a still image; give a video file", file=path)
    context = stream.codec_context
    if context is None or context.codec is None:
        raise MediaError(
            "{file}: its video codec is not known to this FFmpeg; convert it first, with: ffmpeg -i "
            "{file:shell} -c:v libx264 -pix_fmt yuv420p out.mp4",
            file=path,
        )
    _check_size(path, context.width, context.height)
    _check_colors(path, stream)
    return stream


def _is_film(path: Path) -> bool:
    """Whether a file is a sequence of pictures without a container, as cameras send them."""
    with open_input(path) as container:
        try:
            packets = [
                p
                for p in islice(packets_of(container, container.streams.video[0]), _FILM + 1)
                if p.size
            ]
        except av.error.FFmpegError:
            return False
    return len(packets) >= _FILM


def _check_size(path: Path, width: int, height: int) -> None:
    if width < MIN_SIDE or height < MIN_SIDE:
        raise MediaError(
            "{file}: is {width}x{height} pixels; the smallest size is {least}x{least}, so enlarge it first",
            file=path,
            width=width,
            height=height,
            least=MIN_SIDE,
        )
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise MediaError(
            "{file}: is {width}x{height} pixels; the largest size is 8192x4320, so scale it down first",
            file=path,
            width=width,
            height=height,
        )


def _check_colors(path: Path, stream: VideoStream) -> None:
    context = stream.codec_context
    tags = ColorTags(
        context.color_range, context.colorspace, context.color_primaries, context.color_trc
    )
    if hdr := tags.hdr_reason():
        raise MediaError(
            "{file}: HDR is not supported (found {found}); convert it first, with: ffmpeg -i {file:shell} "
            "-vf {filter} -pix_fmt yuv420p out.mp4",
            file=path,
            found=hdr,
            filter=_TO_SDR,
        )
    if not tags.is_known_matrix():
        raise MediaError(
            "{file}: its YUV matrix (H.273 code {code}) is not supported; convert it first, with: "
            "ffmpeg -i {file:shell} -vf zscale=m=709:r=tv -pix_fmt yuv420p out.mp4",
            file=path,
            code=tags.space,
        )


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> AvFrame:
    try:
        for frame in frames_of(container, stream):
            return frame
    except av.error.FFmpegError as error:
        raise MediaError(
            "{file}: its first frame cannot be decoded ({why}); copy or export it again",
            file=path,
            why=reason(error),
        ) from None
    raise MediaError("{file}: its video stream holds no frame; copy or export it again", file=path)


def _describe(
    container: InputContainer, stream: VideoStream, frame: AvFrame, path: Path
) -> VideoInfo:
    context = stream.codec_context
    time_base = Fraction(stream.time_base or Fraction(1, 90000))
    orientation = Orientation.of_frame(frame)
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    width, height = frame.width, frame.height
    if orientation.transpose:
        width, height, aspect = height, width, 1 / aspect
    color_range = context.color_range
    if frame.format.name.startswith("yuvj") or frame.color_range == FULL:
        color_range = FULL
    ticks = frame.pts if frame.pts is not None else stream.start_time
    audio = find_audio(container)
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        frame_rate=Fraction(
            stream.average_rate or stream.guessed_rate or stream.base_rate or _FALLBACK_RATE
        ),
        time_base=time_base,
        color=ColorTags(
            int(color_range),
            0 if frame.format.is_rgb else int(context.colorspace),
            int(context.color_primaries),
            int(context.color_trc),
        ),
        sample_aspect_ratio=aspect,
        frame_count=stream.frames or None,
        duration=_duration(container, stream),
        rotation=orientation.degrees,
        orientation=orientation,
        start_time=(ticks or 0) * time_base,
        has_audio=audio is not None,
        audio_codec=audio.codec_context.name if audio is not None and audio.codec_context else None,
        pixel_format=frame.format.name,
        codec=context.name,
        container=container.format.name,
        fields=field_order(frame),
    )


def stream_duration(stream: VideoStream) -> Fraction | None:
    """Return the length of the video stream alone, in seconds, or None if it is not stated."""
    if stream.duration:
        return stream.duration * Fraction(stream.time_base or 1)
    # Matroska states it as a tag, "00:00:02.041000000".
    match = _MATROSKA_DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    if match is None:
        return None
    return int(match[1]) * 3600 + int(match[2]) * 60 + Fraction(match[3])


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    known = stream_duration(stream)
    if known is not None:
        return known
    if container.duration:
        return Fraction(container.duration, av.time_base)
    return None
