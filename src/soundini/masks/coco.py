"""Masks in the JSON format of the COCO data set (cocodataset.org/#format-data)."""

import json
from pathlib import Path

import numpy as np

from soundini.errors import MaskError
from soundini.masks.shapes import check_size, shape_mask

_MOST_JSON = 64 * 2**20


def coco_mask(path: Path, frame_size: tuple[int, int]) -> np.ndarray:
    """Read a COCO mask: run lengths, polygons, an annotation with either, or all annotations of one picture.

    Args:
        path: a JSON file.
        frame_size: height and width of the video.

    Returns:
        ``uint8``, 255 inside.

    Raises:
        MaskError: it is no such mask, or of another size than the video.

    Shape:
        returns ``[H, W]``.
    """
    try:
        if path.stat().st_size > _MOST_JSON:
            raise ValueError
        content = json.loads(path.read_text("utf-8"))
        is_list = isinstance(content, list) and any(isinstance(each, dict) for each in content)
        annotations = content if is_list else [content]
        if isinstance(content, dict) and "annotations" in content:
            annotations = content["annotations"]
            if len({each.get("image_id") for each in annotations}) != 1:
                raise ValueError
            sizes = content.get("images") or []
            wanted = [each for each in sizes if each.get("id") == annotations[0].get("image_id")]
            if wanted:
                check_size(path, (int(wanted[0]["height"]), int(wanted[0]["width"])), frame_size)
        shapes = [
            each.get("segmentation", each) if isinstance(each, dict) else each
            for each in annotations
        ]
        layers = [_coco_shape(path, shape, frame_size) for shape in shapes]
        return np.maximum.reduce(layers)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MaskError(
            "the mask {file} is JSON, but no mask of COCO's: run lengths (size and counts), polygons, "
            "or the annotations of one picture; draw what it describes as pictures first",
            file=path,
        ) from None


def _coco_shape(path: Path, shape: object, frame_size: tuple[int, int]) -> np.ndarray:
    """One COCO object, 255 inside: a list of polygons, or alternating run lengths of 0 and 1 down the columns.

    Raises:
        MaskError: it is of another size than the video.
        ValueError: it is neither.
    """
    if isinstance(shape, list):
        polygons = shape if isinstance(shape[0], list) else [shape]
        drawn = np.zeros(frame_size, np.uint8)
        for numbers in polygons:
            text = ",".join(repr(float(number)) for number in numbers)
            inside = shape_mask("polygon", text, frame_size)
            drawn = np.maximum(drawn, np.rint(255 * inside).astype(np.uint8))
        return drawn
    assert isinstance(shape, dict)
    height, width = (int(side) for side in shape["size"])
    counts = shape["counts"]
    runs = _letters(counts) if isinstance(counts, str) else [int(run) for run in counts]
    check_size(path, (height, width), frame_size)
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError("runs that do not fill the picture")
    flat = np.repeat(np.arange(len(runs)) % 2, runs)
    return (flat.reshape(width, height).T * 255).astype(np.uint8)


def _letters(text: str) -> list[int]:
    """Decode COCO's compressed run lengths: five bits a letter, low bits first; from the third on, differences."""
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 31) << shift
        shift += 5
        if shift > 60 or not 0 <= bits < 64:
            raise ValueError("no run length")
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
