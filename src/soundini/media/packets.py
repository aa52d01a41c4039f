"""Number and times of a video's frames, and where decoding may begin, from its packets alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av.error
from av.packet import Packet
from av.video.stream import VideoStream

from soundini.media.limits import FRAMES
from soundini.media.opening import find_video, open_input, packets_of
from soundini.media.video_info import VideoInfo, video_stream

_ONE_EACH = {"h264", "hevc", "mpeg4", "mjpeg", "prores", "ffv1", "png", "av1", "vp9", "gif"}
"""Codecs whose packets are one shown frame each; VP8, for one, also has frames that are never shown."""
_ENTERED = _ONE_EACH - {"gif"}
"""Codecs of these whose keyframes depend on nothing before them."""
_REORDERED = 64
"""A frame is stored at most this many packets late; H.264 and HEVC allow 16."""
RESTART = Fraction(1, 2)
"""If a timestamp lies this many seconds before the previous one, the clock has started again."""
_H264_IDR = 5
_START_CODE = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A keyframe at which decoding may begin.

    Attributes:
        pts: its timestamp, in ticks of the stream.
        index: number of the frame.
        packets: packets of frames before it in the file.
    """

    pts: int
    index: int
    packets: int


def count_by_packets(info: VideoInfo) -> int | None:
    """Count the frames of a video.

    Args:
        info: the video.

    Returns:
        None if the packets do not show it exactly: the codec may hide frames, a packet is damaged, or the first is no keyframe.
    """
    try:
        return sum(not packet.is_discard for packet, _ in _packets(info))
    except (av.error.FFmpegError, _InexactError):
        return None


def frame_ticks(info: VideoInfo) -> list[int] | None:
    """The timestamps of all frames in the order in which they are shown, in ticks of the stream.

    Args:
        info: the video.

    Returns:
        Rising numbers; None as in :func:`count_by_packets`, or if times are missing or equal.
    """
    try:
        ticks = [_tick(packet) for packet, _ in _packets(info) if not packet.is_discard]
    except (av.error.FFmpegError, _InexactError):
        return None
    return sorted(ticks) if len(set(ticks)) == len(ticks) else None


def find_entry(info: VideoInfo, index: int) -> Entry | None:
    """The last keyframe from which a frame and all after it decode as they do from the beginning.

    Args:
        info: the video.
        index: number of the frame.

    Returns:
        None if it is the first, or as in :func:`frame_ticks`.
    """
    if info.codec not in _ENTERED:
        return None
    ticks: list[int] = []
    entries: list[tuple[int, int]] = []
    try:
        for packet, stream in _packets(info):
            if packet.is_discard:
                return None
            if packet.is_keyframe and _is_independent(packet, stream):
                entries.append((_tick(packet), len(ticks)))
            ticks.append(_tick(packet))
            if len(ticks) > index + _REORDERED:
                break
    except (av.error.FFmpegError, _InexactError):
        return None
    shown = sorted(ticks)
    if index >= len(shown) or len(set(shown)) < len(shown):
        return None
    pts, packets = max((entry for entry in entries if entry[0] <= shown[index]), default=(0, 0))
    return Entry(pts, shown.index(pts), packets) if packets else None


class Restart(NamedTuple):
    """A place where the timestamps of a video start again.

    Args:
        shift: seconds to add to all timestamps after it, so that the pictures go on without a gap.
        position: of the last picture before it, in bytes.
    """

    shift: Fraction
    position: int


def clock_restarts(path: Path) -> list[Restart]:
    """Find where the timestamps of a video start again midway.

    Args:
        path: a file, with pictures or without.

    Returns:
        One for each place.
    """
    restarts: list[Restart] = []
    with open_input(path) as container:
        stream = find_video(container)
        if stream is None:
            return restarts
        base = Fraction(stream.time_base or 1)
        rate = stream.average_rate or stream.guessed_rate
        nominal = 1 / Fraction(rate) if rate else Fraction(0)
        before: Fraction | None = None
        end, shift, position = Fraction(0), Fraction(0), 0
        try:
            for packet in packets_of(container, stream):
                order = packet.dts if packet.dts is not None else packet.pts
                if packet.size == 0 or packet.pts is None or order is None:
                    continue
                if before is not None and order * base < before - RESTART:
                    shift = end - packet.pts * base
                    restarts.append(Restart(shift, position))
                before, position = order * base, packet.pos or 0
                length = packet.duration * base if packet.duration else nominal
                end = max(end, packet.pts * base + shift + length)
        except av.error.FFmpegError:
            pass  # decoding will say where it is damaged
    return restarts


class _InexactError(Exception):
    """The packets do not show exactly what would be decoded."""


def _packets(info: VideoInfo) -> Iterator[tuple[Packet, VideoStream]]:
    """The packets that are a frame each, with their stream, in the order of the file.

    Raises:
        _InexactError: they are not, or too many, or the clock starts again.
    """
    if info.codec not in _ONE_EACH:
        raise _InexactError
    count, most = 0, FRAMES.value
    before: int | None = None
    with open_input(info.path) as container:
        stream = video_stream(container, info.path)
        for packet in packets_of(container, stream):
            if packet.size == 0:
                continue
            if before is not None and packet.dts is not None and packet.dts < before:
                raise _InexactError
            before = packet.dts if packet.dts is not None else before
            if packet.is_corrupt or count >= most:
                raise _InexactError
            if not packet.is_discard:
                if count == 0 and not packet.is_keyframe:
                    raise _InexactError
                count += 1
            yield packet, stream


def _tick(packet: Packet) -> int:
    if packet.pts is None:
        raise _InexactError
    return packet.pts


def _is_independent(packet: Packet, stream: VideoStream) -> bool:
    """Whether nothing after a keyframe depends on frames before it; in H.264 it may be a point of gradual recovery."""
    if stream.codec_context.name != "h264":
        return True
    header, data = stream.codec_context.extradata or b"", bytes(packet)
    if header[:1] == b"\1":  # ISO 14496-15: each unit after its length
        return _H264_IDR in _units(data, (header[4] & 3) + 1)
    return any(kind[0] & 31 == _H264_IDR for kind in _START_CODE.findall(data))


def _units(data: bytes, width: int) -> Iterator[int]:
    """Kinds of the units of a packet; each unit follows its length in bytes."""
    at = 0
    while at + width < len(data):
        yield data[at + width] & 31
        at += width + int.from_bytes(data[at : at + width], "big")
