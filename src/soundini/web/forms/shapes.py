"""Shapes as a form or the page can hold them: in shares of the frame, or painted."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from soundini.web.files.uploads import Uploads

if TYPE_CHECKING:
    import numpy as np

    from soundini.masks.shapes import ShapeKind

_LABEL = "shape.png"
_EVERYWHERE = 0.5
"""If a mask is above this everywhere, the whole frame is edited instead: mask files that are all white are refused."""


def shares_of(kind: ShapeKind, text: str, size: tuple[int, int] | None) -> list[float] | None:
    """A box or an ellipse in shares of the frame; None if it is another shape, reaches too far, or the size is unknown.

    Args:
        kind: which shape.
        text: its numbers, in pixels or in shares, as ``soundini edit`` takes them.
        size: height and width of the video; None if the visitor does not have it here.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    if kind == "polygon" or len(numbers) != 4:
        return None
    if max(map(abs, numbers)) > 1 or "." not in text:
        if size is None:
            return None
        height, width = size
        if kind == "box":
            numbers = _clipped(numbers, width, height)
        numbers = [n / side for n, side in zip(numbers, (width, height) * 2, strict=True)]
    return numbers if max(map(abs, numbers)) <= 1 else None


def paint(uploads: Uploads, key: str, masks: Iterable[tuple[int, np.ndarray]]) -> dict[str, Any]:
    """Store masks as files, each once, and return the fields of a form that name them.

    Args:
        uploads: where they are stored.
        key: of the visitor's session.
        masks: each with its frame; float ``[H, W]`` in [0, 1].
    """
    from soundini.masks.pictures import mask_png

    kept: list[dict[str, Any]] = []
    for frame, mask in masks:
        if mask.min() > _EVERYWHERE:
            return {"masks": [], "whole_frame": True}
        data = mask_png(mask)
        file = uploads.by_hash(key, hashlib.sha256(data).hexdigest(), "mask")
        file = file or uploads.add(key, "mask", io.BytesIO(data), _LABEL).id
        kept.append({"frame": frame, "file": file})
    return {"masks": kept}


def first_frame(uploads: Uploads, key: str, video: str, start: str | None) -> int:
    """The first frame of a part, on which shapes are drawn.

    Raises:
        ConfigError: ``start`` is neither a frame nor a time.
    """
    if start is None:
        return 0
    from soundini.editing.part import part_of
    from soundini.media.video_reader import VideoReader

    with VideoReader(uploads.find(key, video).path) as reader:
        return part_of(reader, start, None)[0]


def _clipped(box: list[float], width: int, height: int) -> list[float]:
    """Clip a box in pixels to the frame."""
    left, top, wide, high = box
    right, bottom = min(left + wide, width), min(top + high, height)
    left, top = max(left, 0.0), max(top, 0.0)
    return [left, top, right - left, bottom - top]
