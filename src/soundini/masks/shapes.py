"""Masks drawn from a few numbers: box, ellipse, polygon; and the check of a mask's size."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from soundini.errors import MaskError
from soundini.media.limits import MAX_PIXELS

ShapeKind = Literal["box", "ellipse", "polygon"]

_FORM = {"box": "x,y,w,h", "ellipse": "cx,cy,rx,ry", "polygon": "x1,y1,x2,y2,x3,y3,..."}
_FARTHEST = 1e12
"""Largest number of a shape, in pixels: sums of larger ones overflow."""
_SUBPIXEL_BITS = 4
_SAMPLES = 4
_DECIMALS = 6
"""Share of a pixel within which a position is rounded to a whole pixel."""


def shape_mask(kind: ShapeKind, text: str, frame_size: tuple[int, int]) -> np.ndarray:
    """Rasterise a shape, antialiased.

    Numbers are fractions of the frame where all of them are at most 1 and at least one is written
    with a decimal point; otherwise they are pixels. Fractions of x and widths are of the frame's
    width, of y and heights of its height.

    Args:
        kind: which shape.
        text: ``x,y,w,h`` for a box, ``cx,cy,rx,ry`` for an ellipse, ``x1,y1,x2,y2,...`` for a
            polygon.
        frame_size: height and width of the frame in pixels.

    Returns:
        float32 in [0, 1], 1 inside.

    Raises:
        MaskError: the numbers do not describe such a shape, or it lies outside the frame.

    Shape:
        returns ``[H, W]``.
    """
    pairs = _numbers(kind, text, frame_size)
    height, width = frame_size
    mask = _box(pairs, frame_size) if kind == "box" else _filled(_outline(kind, pairs), frame_size)
    if not mask.any():
        raise MaskError(
            "the {kind} {numbers} lies outside the {width}x{height} frame; give {form} inside it",
            kind=kind,
            numbers=text,
            width=width,
            height=height,
            form=_FORM[kind],
        )
    return mask


def _box(pairs: np.ndarray, frame_size: tuple[int, int]) -> np.ndarray:
    """Cover each pixel by exactly its share in the box."""
    (x, y), (w, h) = pairs

    def share(begin: float, end: float, count: int) -> np.ndarray:
        pixel = np.arange(count)
        return np.clip(np.minimum(pixel + 1, end) - np.maximum(pixel, begin), 0, 1)

    shares = np.outer(share(y, y + h, frame_size[0]), share(x, x + w, frame_size[1]))
    return shares.astype(np.float32)


def _filled(points: np.ndarray, frame_size: tuple[int, int]) -> np.ndarray:
    height, width = frame_size
    canvas = np.zeros((height * _SAMPLES, width * _SAMPLES), np.uint8)
    limit = 4 * max(height, width)
    scaled = np.clip(points, -limit, limit) * _SAMPLES - 0.5
    fixed = np.rint(scaled * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], 255, shift=_SUBPIXEL_BITS)
    mask = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return mask.astype(np.float32) / 255


def _numbers(kind: ShapeKind, text: str, frame_size: tuple[int, int]) -> np.ndarray:
    parts = [p.strip() for p in text.split(",")]
    try:
        values = [float(p) for p in parts]
    except ValueError:
        values = []
    enough = len(values) >= 6 and len(values) % 2 == 0 if kind == "polygon" else len(values) == 4
    if not enough or not all(abs(v) <= _FARTHEST for v in values):
        raise MaskError(
            "{numbers!r} is no {kind}; write it as {form}, in pixels or fractions",
            numbers=text,
            kind=kind,
            form=_FORM[kind],
        )
    pairs = np.array(values, float).reshape(-1, 2)
    if max(abs(v) for v in values) <= 1 and any("." in p for p in parts):
        pairs = np.round(pairs * (frame_size[1], frame_size[0]), _DECIMALS)
    if kind != "polygon" and (pairs[1] <= 0).any():
        raise MaskError(
            "the {kind} {numbers} has no area; its last two numbers must be above 0",
            kind=kind,
            numbers=text,
        )
    return pairs


def _outline(kind: ShapeKind, pairs: np.ndarray) -> np.ndarray:
    if kind == "polygon":
        return pairs
    angles = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    return pairs[0] + pairs[1] * np.stack([np.cos(angles), np.sin(angles)], 1)


def check_size(path: Path, size: tuple[int, int], frame_size: tuple[int, int]) -> None:
    """Refuse a mask of another size than the video.

    Raises:
        MaskError: the sizes differ.
    """
    if size[0] * size[1] > MAX_PIXELS:
        raise MaskError(
            "the mask {file} is {width}x{height}, too large; make it as large as the video",
            file=path,
            width=size[1],
            height=size[0],
        )
    if size != frame_size:
        raise MaskError(
            "the mask {file} is {width}x{height}, the video {across}x{down}; scale the mask to the "
            "video's size",
            file=path,
            width=size[1],
            height=size[0],
            across=frame_size[1],
            down=frame_size[0],
        )
