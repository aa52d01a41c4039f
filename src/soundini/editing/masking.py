"""Makes the finished mask of each frame from the user's request."""

import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from soundini.config.recipe import RegionConfig
from soundini.editing.request import MaskRequest, keyed_path
from soundini.errors import MaskError, Message, Option
from soundini.geometry import Box
from soundini.masks.folder import FolderMask, no_image
from soundini.masks.numbering import listed
from soundini.masks.refine import bounds, dilate, feather, invert
from soundini.masks.shapes import ShapeKind, shape_mask
from soundini.masks.sources import MaskSource, StillMask, open_mask
from soundini.masks.tracking import track_masks
from soundini.media.video_info import VideoInfo
from soundini.media.video_reader import count_frames

_HALF = 0.5
_SMALLEST = 8
"""Side of a shape, in pixels, below which there is a warning."""
_SHAPES: tuple[ShapeKind, ...] = ("box", "ellipse", "polygon")


def make_masks(
    request: MaskRequest,
    region: RegionConfig,
    info: VideoInfo,
    frames: Iterable[np.ndarray],
    first: int = 0,
    stop: int | None = None,
    notes: list[Message] | None = None,
) -> Iterator[np.ndarray]:
    """The finished masks: read, tracked, inverted, dilated and feathered.

    Args:
        request: where the mask comes from.
        region: how it is refined, and whether it is tracked.
        info: the video.
        frames: the frames of the part, from number ``first`` on; all are taken.
        first: number of the first frame.
        stop: one past the last frame that is wanted, or None for the end of the video.
        notes: takes what was assumed of the mask, one line each.

    Yields:
        float32 ``[H, W]`` in [0, 1], one for each frame.

    Raises:
        MaskError: no mask or several, an empty one, one of another size.
    """
    radius: float | None = None
    empty, highest = True, 0.0
    notes = [] if notes is None else notes
    raw = _RawMasks(request, region, info, first, stop, notes)
    for mask in raw.masks(frames):
        highest = max(highest, float(mask.max()))
        refined = dilate(invert(mask) if region.invert else mask, region.dilate)
        covered = bounds(refined)
        empty = empty and covered is None
        if radius is None and covered is not None:
            radius = region.feather * min(covered.width, covered.height)
        yield feather(refined, radius or 0.0)
    if empty:
        raise MaskError(
            "the mask is empty in every frame of the part; white is what is edited (or use {option})",
            option=Option("region.invert"),
        )
    if highest <= _HALF and not region.invert:
        notes.append(
            Message(
                "the mask is nowhere above half, its highest value is {highest:.2f} of 1, so the effect "
                "is weak; paint what is to be edited white",
                {"highest": highest},
            )
        )


class _RawMasks:
    """Masks as they are read or tracked, before they are refined."""

    def __init__(
        self,
        request: MaskRequest,
        region: RegionConfig,
        info: VideoInfo,
        first: int,
        stop: int | None,
        notes: list[Message],
    ) -> None:
        self._request = request
        self._region = region
        self._info = info
        self._size = (info.height, info.width)
        self._first = first
        self._stop = stop
        self._notes = notes

    def masks(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        keyframes, source = self._sources()
        if source is not None:
            # Frames come first: when they end, no mask is asked for.
            masks = source.masks(self._first)
            yield from (mask for _, mask in zip(frames, masks, strict=False))
        elif self._region.track:
            yield from track_masks(keyframes, frames, self._first)
        else:
            current = keyframes[min(keyframes)]
            for number, _ in enumerate(frames, self._first):
                current = keyframes.get(number, current)
                yield current

    def _sources(self) -> tuple[Mapping[int, np.ndarray], MaskSource | None]:
        """Still masks by frame number, or a source with a mask for each frame."""
        request, first = self._request, self._first
        ways: list[ShapeKind] = [kind for kind in _SHAPES if getattr(request, kind) is not None]
        if len(ways) + bool(request.paths) + request.whole_frame != 1:
            raise MaskError(
                "say what to edit in exactly one way: {mask}, {box}, {ellipse}, {polygon} or {whole}",
                mask=Option("mask"),
                box=Option("box"),
                ellipse=Option("ellipse"),
                polygon=Option("polygon"),
                whole=Option("whole_frame"),
            )
        if request.whole_frame:
            return {first: np.ones(self._size, np.float32)}, None
        if ways:
            return {first: self._shape(ways[0], getattr(request, ways[0]))}, None
        named = [keyed_path(p) for p in request.paths]
        if len(named) == 1 and named[0][0] is None:
            source = self._open(named[0][1])
            if isinstance(source, StillMask):
                return {first: source.mask}, None
            if isinstance(source, FolderMask) and (gaps := source.missing(self._frames())):
                return self._carried(source, gaps), None
            return {}, source
        keyframes: dict[int, np.ndarray] = {}
        for number, path in named:
            source = self._open(path)
            if number is None or not isinstance(source, StillMask):
                raise MaskError(
                    "{file}: with several masks, each is a still image at a frame, such as {option}",
                    file=path,
                    option=Option("mask", f"{number or 0}=mask.png"),
                )
            keyframes[number] = source.mask
        return keyframes, None

    def _open(self, path: Path) -> MaskSource:
        source = open_mask(path, self._size, self._info, self._region.label, self._region.invert)
        self._notes.extend(source.notes)
        return source

    def _shape(self, kind: ShapeKind, text: str) -> np.ndarray:
        mask = shape_mask(kind, text, self._size)
        covered = bounds(mask)
        if covered is not None and min(covered.width, covered.height) < _SMALLEST:
            self._notes.append(
                Message(
                    "the {kind} {numbers} covers only {width}x{height} pixels; "
                    "numbers are shares of the frame where none is above 1 and one has a decimal point",
                    {
                        "kind": kind,
                        "numbers": text,
                        "width": covered.width,
                        "height": covered.height,
                    },
                )
            )
        return mask

    def _frames(self) -> range:
        """The frames of the part."""
        frames = count_frames(self._info.path)
        return range(self._first, frames if self._stop is None else min(self._stop, frames))

    def _carried(self, folder: FolderMask, gaps: list[int]) -> Mapping[int, np.ndarray]:
        """The images of a folder that lacks some, as keyframes.

        Raises:
            MaskError: masks are not tracked, or the part has no image at all.
        """
        keyframes = folder.keyframes(self._frames())
        if not self._region.track or not keyframes:
            raise no_image(folder, gaps, lacks_all=not keyframes)
        self._notes.append(
            Message(
                "the mask folder {folder} has no image for frames {frames}, counted from 0; the others are carried there",
                {"folder": folder.folder, "frames": listed(gaps)},
            )
        )
        return keyframes


class MaskSpool:
    """Masks as compressed bytes in a temporary file: memory does not grow with the length of the video.

    Levels are rounded to 1/255; 0 stays 0.

    Args:
        masks: float in [0, 1]; more may be added.

    Attributes:
        bounds: what each mask covers, None where it is empty.
    """

    def __init__(self, masks: Iterable[np.ndarray] = ()) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the spool
        self._sizes: list[int] = []
        self.bounds: list[Box | None] = []
        self._shape = (0, 0)
        try:
            for mask in masks:
                self.add(mask)
        except BaseException:
            self.close()
            raise

    def add(self, mask: np.ndarray) -> None:
        """Add the mask of the next frame."""
        self._shape = mask.shape
        data = zlib.compress(np.rint(mask * 255).astype(np.uint8).tobytes(), 1)
        self._file.write(data)
        self._sizes.append(len(data))
        self.bounds.append(bounds(mask))

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[np.ndarray]:
        offset = 0
        for size in self._sizes:
            self._file.seek(offset)
            levels = np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8)
            yield levels.reshape(self._shape).astype(np.float32) / 255
            offset += size

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()
