"""From what the user asked to one finished mask for each frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from soundini.config.recipe import RegionConfig
from soundini.editing.request import MaskRequest, keyed_path
from soundini.errors import MaskError
from soundini.masks.refine import bounds, dilate, feather, invert
from soundini.masks.shapes import ShapeKind, shape_mask
from soundini.masks.sources import StillMask, open_mask
from soundini.masks.tracking import track_masks
from soundini.media.video_info import VideoInfo

_SHAPES: tuple[ShapeKind, ...] = ("box", "ellipse", "polygon")


def make_masks(
    request: MaskRequest,
    region: RegionConfig,
    info: VideoInfo,
    frames: Iterable[np.ndarray],
    first: int = 0,
) -> Iterator[np.ndarray]:
    """The finished masks: read, tracked, inverted, dilated and feathered.

    Args:
        request: where the mask comes from.
        region: how it is refined, and whether it is tracked.
        info: the video.
        frames: the frames of the part, from number ``first`` on; all are taken.
        first: number of the first frame.

    Yields:
        float32 ``[H, W]`` in [0, 1], one for each frame.

    Raises:
        MaskError: no mask or several, an empty one, one of another size.
    """
    radius: float | None = None
    empty = True
    for mask in _raw_masks(request, region.track, info, frames, first):
        refined = dilate(invert(mask) if region.invert else mask, region.dilate)
        covered = bounds(refined)
        empty = empty and covered is None
        if radius is None and covered is not None:
            radius = region.feather * min(covered.width, covered.height)
        yield feather(refined, radius or 0.0)
    if empty:
        raise MaskError(
            "the mask is empty in every frame of the part; white is what is edited (or use --invert)"
        )


def _raw_masks(
    request: MaskRequest, track: bool, info: VideoInfo, frames: Iterable[np.ndarray], first: int
) -> Iterator[np.ndarray]:
    size = (info.height, info.width)
    keyframes = _keyframes(request, size, first)
    if keyframes and track:
        yield from track_masks(keyframes, frames, first)
    elif keyframes:
        current = keyframes[min(keyframes)]
        for number, _ in enumerate(frames, first):
            current = keyframes.get(number, current)
            yield current
    else:
        source = open_mask(Path(request.paths[0]), size)
        # Frames come first: when they end, no mask is asked for.
        yield from (mask for _, mask in zip(frames, source.masks(first), strict=False))


def _keyframes(request: MaskRequest, size: tuple[int, int], first: int) -> dict[int, np.ndarray]:
    """Stills by frame number: keyframe masks, or the one still at the start of the part."""
    ways: list[ShapeKind] = [kind for kind in _SHAPES if getattr(request, kind) is not None]
    if len(ways) + bool(request.paths) + request.whole_frame != 1:
        raise MaskError(
            "say what to edit in exactly one way: --mask, --box, --ellipse, --polygon or --whole-frame"
        )
    if request.whole_frame:
        return {first: np.ones(size, np.float32)}
    if ways:
        return {first: shape_mask(ways[0], getattr(request, ways[0]), size)}
    named = [keyed_path(p) for p in request.paths]
    if len(named) == 1 and named[0][0] is None:
        source = open_mask(named[0][1], size)
        return {first: source.mask} if isinstance(source, StillMask) else {}
    keyframes: dict[int, np.ndarray] = {}
    for number, path in named:
        source = open_mask(path, size)
        if number is None or not isinstance(source, StillMask):
            raise MaskError(
                f"with several masks, each is a still at a frame: --mask {number or 0}={path.name} with an image"
            )
        keyframes[number] = source.mask
    return keyframes
