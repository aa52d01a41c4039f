"""How much of a scene's fine structure is left after an edit."""

import cv2
import numpy as np

_SIDE = 128
"""Longer side of the square at which pictures are compared, pixels."""

_SIGMA = 3.0
"""Standard deviation of the blur that is subtracted, pixels at that size."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def detail_kept(source: np.ndarray, edited: np.ndarray, mask: np.ndarray) -> float:
    """Correlation of high-pass luminance, source against edit, inside the region, mean over the frames.

    1: every edge is where it was; 0: nothing of the scene is left. Frames are cut to the region's bounding box and brought
    to a longer side of 128 pixels; their blur by a Gaussian of 3 pixels is subtracted.

    Args:
        source: frames.
        edited: the same frames, edited.
        mask: 1 = edited; frames without a mask are left out.

    Shape:
        ``source``, ``edited``: ``uint8 [T, H, W, 3]``; ``mask``: ``[T, H, W]``; returns a number in [-1, 1], 0 where there is
        nothing to compare.
    """
    found = []
    for before, after, region in zip(source, edited, mask, strict=True):
        rows, columns = np.flatnonzero(region.max(1) > 0.5), np.flatnonzero(region.max(0) > 0.5)
        if not len(rows):
            continue
        cut = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        inside = _at_size(np.asarray(region[cut], np.float32)) > 0.5
        a, b = (_high_pass(_at_size(x[cut]))[inside] for x in (before, after))
        if inside.sum() > 1 and a.std() > 0 and b.std() > 0:
            found.append(float(np.corrcoef(a, b)[0, 1]))
    return float(np.mean(found)) if found else 0.0


def _at_size(x: np.ndarray) -> np.ndarray:
    scale = _SIDE / max(x.shape[:2])
    size = max(1, round(x.shape[1] * scale)), max(1, round(x.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(x.astype(np.float32), size, interpolation=way)


def _high_pass(picture: np.ndarray) -> np.ndarray:
    luminance = picture @ _LUMA
    return luminance - cv2.GaussianBlur(luminance, (0, 0), _SIGMA)
