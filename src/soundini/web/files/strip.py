"""Small pictures along a video, side by side in one picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from soundini.web.views import VideoFacts

_FAR = 2.0
"""If two pictures are further apart than this many seconds, the reader seeks to the next instead of decoding up to it."""


def strip(path: Path, facts: VideoFacts, count: int, height: int) -> np.ndarray:
    """Pictures of equal size along a video, from left to right.

    They serve as a map of the video: if they lie far apart, each is the nearest keyframe.

    Args:
        path: of the video.
        facts: what it is.
        count: how many pictures, at least 1.
        height: of each, in pixels.

    Shape:
        returns ``uint8 [height, count * width, 3]``.

    Raises:
        MediaError: the video cannot be read.
    """
    import numpy as np

    from soundini.media.color import ColorConverter
    from soundini.media.opening import open_input
    from soundini.media.video_info import probe_video, video_stream

    info = probe_video(path)
    width = max(1, round(height * facts.width / facts.height))
    moments = [(i + 0.5) * facts.seconds / count for i in range(count)]
    sought = facts.seconds / count > _FAR
    pictures: list[np.ndarray] = []
    with open_input(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        decoded = iter(container.decode(stream))
        converter = None
        last = None
        for moment in moments:
            if sought:
                ticks = round((Fraction(moment) + info.start_time) / info.time_base)
                container.seek(ticks, stream=stream)
                decoded = iter(container.decode(stream))
            while (frame := next(decoded, None)) is not None:
                last = frame
                shown = float((frame.pts or 0) * info.time_base - info.start_time)
                if sought or shown >= moment:
                    break
            if last is None:
                break
            if converter is None:
                converter = ColorConverter(info.color, last.width, last.height)
            rgb = info.orientation.apply(converter.to_rgb(last))
            pictures.append(shrunk(rgb, height, width))
    blank = np.zeros((height, width, 3), np.uint8)
    pictures += [blank] * (count - len(pictures))
    return np.concatenate(pictures, axis=1)


def shrunk(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a picture.

    Shape:
        ``picture``: ``uint8 [H, W, 3]``; returns ``uint8 [height, width, 3]``.
    """
    import cv2

    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def middle_of(film: Path, height: int) -> np.ndarray:
    """A small picture of the frame in the middle of a film.

    Args:
        film: an MP4 of ours.
        height: of the picture, in pixels.

    Shape:
        returns ``uint8 [height, W, 3]``.
    """
    from soundini.media.video_reader import VideoReader, count_frames

    middle = count_frames(film) // 2
    with VideoReader(film) as reader:
        (frame,) = reader.frames(middle, middle + 1)
    return shrunk(
        frame.rgb, height, max(1, round(height * frame.rgb.shape[1] / frame.rgb.shape[0]))
    )
