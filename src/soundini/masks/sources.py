"""Masks from files: a still image, an animation, a video, a folder of images. White is what is edited."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from soundini.errors import MaskError, MediaError, Message, Option
from soundini.masks.folder import IMAGE_SUFFIXES, FolderMask
from soundini.masks.pictures import (
    frame_count,
    has_times,
    is_picture,
    of_rgb,
    read_picture,
    read_pictures,
)
from soundini.masks.shapes import check_size
from soundini.masks.values import Meaning, Picture, check_levels
from soundini.media.video_info import VideoInfo
from soundini.media.video_reader import VideoReader, count_frames


class MaskSource(Protocol):
    """Masks by frame number of the video, streamed."""

    notes: tuple[Message, ...]
    """Assumptions about the mask, one line each."""

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """Return the masks of frame ``start`` and all after it, float32 ``[H, W]`` in [0, 1].

        Raises:
            MaskError: a frame has no mask.
        """
        ...


class StillMask:
    """One mask for all frames."""

    def __init__(self, mask: np.ndarray, notes: tuple[Message, ...] = ()) -> None:
        self.mask = mask
        self.notes = notes

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """See :class:`MaskSource`."""
        del start
        return itertools.repeat(self.mask)


class VideoMask:
    """A mask video or an animation: frame by frame if it has as many frames as the video, else by time.

    Args:
        path: the mask.
        frame_size: height and width of the video.
        info: the video; None to go frame by frame.
        label: the one label that is edited; 0 for all.
        inverted: whether black is edited, so that the mask may be all black.
    """

    def __init__(
        self,
        path: Path,
        frame_size: tuple[int, int],
        info: VideoInfo | None = None,
        label: int = 0,
        inverted: bool = False,
    ) -> None:
        self.path = path
        self._size = frame_size
        self._info = info
        self._is_animation = frame_count(path) > 1
        if not self._is_animation:
            with VideoReader(path) as reader:
                check_size(path, (reader.info.height, reader.info.width), frame_size)
        self._meaning = Meaning(path, label)
        for _, picture in self._pictures():
            if self._meaning.see(picture) and not self._is_animation:
                break  # the meaning of a mask video is known by now
        check_levels(path, (self._meaning.mask(p) for _, p in self._pictures()), inverted)
        count = frame_count(path) if self._is_animation else count_frames(path)
        timed = not self._is_animation or has_times(path)
        self._by_time = timed and info is not None and count != count_frames(info.path)
        self.notes = (*self._meaning.notes(), *self._time_notes(count))

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """See :class:`MaskSource`."""
        number = start
        chosen = self._timed(start) if self._by_time else self._counted(start)
        for picture in chosen:
            yield self._meaning.mask(picture)
            number += 1
        raise MaskError(
            "the mask video {file} ends before frame {frame}, which the video has; make it as long, "
            "or edit a part with {option}",
            file=self.path,
            frame=number,
            option=Option("end"),
        )

    def _time_notes(self, count: int) -> Iterator[Message]:
        if self._by_time:
            yield Message(
                "the mask {file} has {count} frames, and the video has not; it is laid along the video by time",
                {"file": self.path, "count": count},
            )

    def _counted(self, start: int) -> Iterator[Picture]:
        return (picture for _, picture in itertools.islice(self._pictures(), start, None))

    def _timed(self, start: int) -> Iterator[Picture]:
        """For each frame of the video, the picture that is shown at its middle, or the last picture soon after the end."""
        assert self._info is not None
        with VideoReader(self._info.path) as reader:
            times = list(itertools.islice(reader.times(), start, None))
        steps = [b - a for a, b in itertools.pairwise(times)]
        half = (sorted(steps)[len(steps) // 2] if steps else 1 / self._info.frame_rate) / 2
        pictures = self._pictures()
        here, there = next(pictures), next(pictures, None)
        longest = Fraction(0)
        for time in times:
            while there is not None and there[0] <= time + half:
                longest = max(longest, there[0] - here[0])
                here, there = there, next(pictures, None)
            if there is None and time > here[0] + max(longest, 2 * half) * 2:
                return
            yield here[1]

    def _pictures(self) -> Iterator[tuple[Fraction, Picture]]:
        if self._is_animation:
            yield from read_pictures(self.path, self._size)
            return
        with VideoReader(self.path, alpha=True) as reader:
            for frame in reader.frames():
                yield frame.time, of_rgb(frame.rgb, frame.alpha)


def open_mask(
    path: Path,
    frame_size: tuple[int, int],
    info: VideoInfo | None = None,
    label: int = 0,
    inverted: bool = False,
) -> MaskSource:
    """Open a mask source from a path; its content decides what it is, not its name.

    Args:
        path: an image, an animation, a video, or a folder of images.
        frame_size: height and width of the video.
        info: the video, along which mask videos are laid; None to go frame by frame.
        label: the one label that is edited; 0 for all.
        inverted: whether black is edited, so that the mask may be all black.

    Raises:
        MaskError: it is missing, of another size, empty, or entirely white.
        MediaError: it cannot be read.
    """
    if path.is_dir():
        return FolderMask(path, frame_size, info, label, inverted)
    if not path.exists():
        raise MaskError(
            "the mask {file} is not there; name an image, a video or a folder of images", file=path
        )
    is_still = is_picture(path) or _is_image_name(path)
    if not is_still or frame_count(path) > 1:
        return VideoMask(path, frame_size, info, label, inverted)
    mask, notes = _read_still(path, frame_size, label)
    check_levels(path, iter([mask]), inverted)
    return StillMask(mask, notes)


def read_mask_image(path: Path, frame_size: tuple[int, int]) -> np.ndarray:
    """Read a mask image as float32 ``[H, W]``.

    An alpha channel that is in use is the mask; else :class:`soundini.masks.values.Meaning` interprets the values.

    Raises:
        MaskError: it is of another size than the video.
        MediaError: it cannot be read.
    """
    return _read_still(path, frame_size)[0]


def _read_still(
    path: Path, frame_size: tuple[int, int], label: int = 0
) -> tuple[np.ndarray, tuple[Message, ...]]:
    picture, meaning = read_picture(path, frame_size), Meaning(path, label)
    meaning.see(picture)
    return meaning.mask(picture), tuple(meaning.notes())


def _is_image_name(path: Path) -> bool:
    """Whether a file that is no video has the suffix of an image; reading it will say what is wrong with it."""
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return False
    try:
        with VideoReader(path):
            return False
    except MediaError:
        return True
