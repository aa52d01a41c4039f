"""Masks from files: a still image, a video, a folder of images. White is what is edited."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import ExifTags, Image, ImageOps

from soundini.errors import MaskError, MediaError
from soundini.media.limits import MAX_PIXELS
from soundini.media.opening import check_readable, reason
from soundini.media.video_reader import VideoReader

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"}
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")
"""What Pillow may take a file for: its other readers, of PostScript say, start programs."""


class MaskSource(Protocol):
    """Masks by frame number of the video, streamed."""

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """Return the masks of frame ``start`` and all after it, float32 ``[H, W]`` in [0, 1].

        Raises:
            MaskError: a mask is asked for that is not there.
        """
        ...


class StillMask:
    """One mask for all frames."""

    def __init__(self, mask: np.ndarray) -> None:
        self.mask = mask

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """See :class:`MaskSource`."""
        del start
        return itertools.repeat(self.mask)


class VideoMask:
    """A mask video, frame for frame."""

    def __init__(self, path: Path, frame_size: tuple[int, int]) -> None:
        self.path = path
        with VideoReader(path) as reader:
            _check_size(path, (reader.info.height, reader.info.width), frame_size)
        _check_levels(path, self._levels(0))

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """See :class:`MaskSource`."""
        number = start
        for mask in self._levels(start):
            yield mask
            number += 1
        raise MaskError(
            f"the mask video {self.path} ends before frame {number}, which the video has; "
            "make it as long, or edit a part with --end"
        )

    def _levels(self, start: int) -> Iterator[np.ndarray]:
        with VideoReader(self.path) as reader:
            for frame in reader.frames(start):
                yield _levels(frame.rgb)


class FolderMask:
    """A folder of images, one for each frame, in natural order of their names (2 before 10)."""

    def __init__(self, folder: Path, frame_size: tuple[int, int]) -> None:
        self.folder = folder
        self.frame_size = frame_size
        self.files = sorted(
            (p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES), key=_natural
        )
        if not self.files:
            raise MaskError(
                f"the mask folder {folder} holds no images; put one for each frame there"
            )

        _check_levels(folder, (read_mask_image(p, frame_size) for p in self.files))

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """See :class:`MaskSource`."""
        for path in self.files[start:]:
            yield read_mask_image(path, self.frame_size)
        raise MaskError(
            f"the mask folder {self.folder} holds {len(self.files)} images, "
            "fewer than the video has frames; add the missing ones, or edit a part with --end"
        )


def open_mask(path: Path, frame_size: tuple[int, int]) -> MaskSource:
    """Open a mask source from a path.

    Args:
        path: an image, a video, or a folder of images.
        frame_size: height and width of the video.

    Raises:
        MaskError: it is missing, of another size, empty, or entirely white.
        MediaError: it cannot be read.
    """
    if path.is_dir():
        return FolderMask(path, frame_size)
    if not path.exists():
        raise MaskError(
            f"the mask {path} is not there; name an image, a video or a folder of images"
        )
    if path.suffix.lower() not in IMAGE_SUFFIXES or _is_animated(path):
        return VideoMask(path, frame_size)
    mask = read_mask_image(path, frame_size)
    _check_levels(path, iter([mask]))
    return StillMask(mask)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of an image, upright, by its header alone.

    Raises:
        MediaError: it is no image.
    """
    check_readable(path)
    try:
        with Image.open(path, formats=_FORMATS) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            return (image.height, image.width) if turned else (image.width, image.height)
    except Exception as error:  # a damaged picture fails in the decoder, in any way a decoder can
        raise MediaError(
            f"cannot read the mask image {path}: {reason(error)}; save it again as PNG"
        ) from None


def read_mask_image(path: Path, frame_size: tuple[int, int]) -> np.ndarray:
    """Read a mask image as float32 ``[H, W]``.

    Its alpha channel is taken where it has one in use, else its brightness.

    Raises:
        MaskError: it is of another size than the video.
        MediaError: it cannot be read.
    """
    check_readable(path)
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                _check_size(path, (opened.height, opened.width), frame_size)
            image = ImageOps.exif_transpose(opened)
            _check_size(path, (image.height, image.width), frame_size)
            if image.mode.startswith("I"):  # 16 bits; Pillow would clip them to 8
                return _snapped(np.asarray(image, np.float32) / 65535)
            if "A" in image.getbands() or "transparency" in image.info:
                alpha = np.asarray(image.convert("RGBA"))[..., 3]
                if alpha.min() < 255:
                    return alpha.astype(np.float32) / 255
            return _levels(np.asarray(image.convert("RGB")))
    except (MaskError, MemoryError):
        raise
    except Exception as error:  # a damaged picture fails in the decoder, in any way a decoder can
        raise MediaError(
            f"cannot read the mask image {path}: {reason(error)}; save it again as PNG"
        ) from None


def _levels(rgb: np.ndarray) -> np.ndarray:
    return _snapped(rgb.astype(np.float32).mean(-1) / 255)


def _snapped(grey: np.ndarray) -> np.ndarray:
    """Take to black and to white what compression leaves near them."""
    return np.clip((grey - 0.06) / 0.88, 0, 1)


def _is_animated(path: Path) -> bool:
    check_readable(path)
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return getattr(image, "n_frames", 1) > 1
    except Exception:  # whoever reads it says what is wrong
        return False


def _check_levels(path: Path, masks: Iterator[np.ndarray]) -> None:
    """Refuse masks that are black throughout, or white throughout; looks no further than it must.

    Raises:
        MaskError: they are.
    """
    some_white = some_black = False
    for mask in masks:
        some_white = some_white or bool(mask.any())
        some_black = some_black or bool(mask.min() <= 0.5)
        if some_white and some_black:
            return
    if not some_white:
        raise MaskError(
            f"the mask {path} is empty: nothing in it is white; white is what is edited"
        )
    raise MaskError(
        f"the mask {path} is white everywhere; if you mean the whole frame, use --whole-frame"
    )


def _check_size(path: Path, size: tuple[int, int], frame_size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise MaskError(
            f"the mask {path} is {size[1]}x{size[0]}, too large; make it as large as the video"
        )
    if size != frame_size:
        raise MaskError(
            f"the mask {path} is {size[1]}x{size[0]}, the video {frame_size[1]}x{frame_size[0]}; "
            "scale the mask to the video's size"
        )


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in re.split(r"(\d+)", path.name)]
