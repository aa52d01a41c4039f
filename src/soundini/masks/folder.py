"""Masks from a folder of images whose names hold frame numbers."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from soundini.errors import MaskError, MediaError, Option
from soundini.masks.numbering import clashing, frame_numbers, listed, natural
from soundini.masks.pictures import is_picture, read_picture
from soundini.masks.values import Meaning, check_levels
from soundini.media.video_info import VideoInfo
from soundini.media.video_reader import count_frames

IMAGE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".tif", ".tiff", ".webp", ".gif"),
    *(".tga", ".pgm", ".ppm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif", ".npy"),
}
"""Suffixes of files that must be images; other files are examined, and left out if they are none."""


class FolderMask:
    """A folder of images, whose names hold frame numbers, from 0 or from 1.

    Args:
        folder: the folder; hidden files and files that are no images are left out.
        frame_size: height and width of the video.
        info: the video; it decides where the numbers begin if there is neither a 0 nor a 1.
        label: the one label that is edited; 0 for all.
        inverted: as of :class:`VideoMask`.

    Attributes:
        files: the images, in natural order of their names (2 before 10).
        numbers: the frame of each; None if the names hold no numbers, and the order of files counts.
    """

    def __init__(
        self,
        folder: Path,
        frame_size: tuple[int, int],
        info: VideoInfo | None = None,
        label: int = 0,
        inverted: bool = False,
    ) -> None:
        self.folder = folder
        self.frame_size = frame_size
        self.files = sorted(filter(_is_mask_file, folder.iterdir()), key=natural)
        if not self.files:
            raise _without_images(folder)
        if clash := clashing(self.files):
            raise MaskError(
                "the names in the mask folder {folder} do not tell which frame {file} is of; leave one image "
                "for each frame, with its number in its name",
                folder=folder,
                file=clash,
            )
        self.numbers = frame_numbers(
            self.files, lambda: None if info is None else count_frames(info.path)
        )
        self._meaning = Meaning(folder, label)
        for path in self.files:
            self._meaning.see(read_picture(path, frame_size))
        check_levels(folder, map(self._read, self.files), inverted)
        self.notes = tuple(self._meaning.notes())

    def missing(self, frames: range) -> list[int]:
        """The frames that have no image."""
        there = range(len(self.files)) if self.numbers is None else set(self.numbers)
        return [frame for frame in frames if frame not in there]

    def keyframes(self, frames: range) -> Mapping[int, np.ndarray]:
        """The masks of the frames that have an image; each is read when it is used."""
        numbers = range(len(self.files)) if self.numbers is None else self.numbers
        files = dict(zip(numbers, self.files, strict=True))
        return _Read({n: f for n, f in files.items() if n in frames}, self)

    def masks(self, start: int) -> Iterator[np.ndarray]:
        """See :class:`MaskSource`."""
        numbers = range(len(self.files)) if self.numbers is None else self.numbers
        files = dict(zip(numbers, self.files, strict=True))
        for number in itertools.count(start):
            if number not in files:
                raise self._lacking(number, files)
            yield self._read(files[number])

    def _lacking(self, number: int, files: Mapping[int, Path]) -> MaskError:
        gaps = [n for n in range(max(files)) if n not in files and n >= number]
        if gaps:
            return no_image(self, gaps)
        return MaskError(
            "the mask folder {folder} holds {count} images, fewer than the video has frames; add the "
            "missing ones, or edit a part with {option}",
            folder=self.folder,
            count=len(self.files),
            option=Option("end"),
        )

    def _read(self, path: Path) -> np.ndarray:
        return self._meaning.mask(read_picture(path, self.frame_size))


def _without_images(folder: Path) -> MaskError:
    inside = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if inside:
        return MaskError(
            "the mask folder {folder} holds no images, but the folder {inside}; name the one with an image for each frame",
            folder=folder,
            inside=inside[0],
        )
    return MaskError(
        "the mask folder {folder} holds no images; put one for each frame there", folder=folder
    )


class _Read(Mapping[int, np.ndarray]):
    """Masks by frame; each is read anew when it is used."""

    def __init__(self, files: Mapping[int, Path], folder: FolderMask) -> None:
        self._files = files
        self._folder = folder

    def __getitem__(self, number: int) -> np.ndarray:
        return self._folder._read(self._files[number])

    def __iter__(self) -> Iterator[int]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, number: object) -> bool:
        return number in self._files


def no_image(masks: FolderMask, missing: list[int], lacks_all: bool = False) -> MaskError:
    """The error for a folder that lacks some frames, or all."""
    if lacks_all and masks.numbers is not None:
        return MaskError(
            "the mask folder {folder} has no image for frames {frames}, counted from 0: its names count "
            "from {first} to {last}; name the images by the numbers of the frames",
            folder=masks.folder,
            frames=listed(missing),
            first=masks.numbers[0],
            last=masks.numbers[-1],
        )
    return MaskError(
        "the mask folder {folder} has no image for frames {frames}, counted from 0; add them, or "
        "let the others be carried there with {option}",
        folder=masks.folder,
        frames=listed(missing),
        option=Option("region.track"),
    )


def _is_mask_file(path: Path) -> bool:
    """Whether a file of a folder is one of its masks."""
    if path.name.startswith(".") or not path.is_file():
        return False
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        return path.suffix.lower() != ".json" and is_picture(path)
    except MediaError:
        return False
