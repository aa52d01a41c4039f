"""Pictures that show what a mask covers."""

import cv2
import numpy as np

_TINT = np.array([255, 96, 0], np.float32)


def overlay(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the frame with the mask tinted and outlined, and the rest dimmed.

    Shape:
        ``rgb``: ``uint8 [H, W, 3]``; ``mask``: ``[H, W]`` in [0, 1]; returns ``uint8 [H, W, 3]``.
    """
    weight = mask[..., None].astype(np.float32)
    picture = rgb.astype(np.float32)
    out = np.rint((1 - weight) * 0.55 * picture + weight * (0.65 * picture + 0.35 * _TINT))
    out = np.ascontiguousarray(out.clip(0, 255).astype(np.uint8))
    outlines, _ = cv2.findContours(
        (mask >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    thickness = max(1, round(max(mask.shape) / 500))
    cv2.drawContours(out, outlines, -1, (255, 255, 255), thickness)
    return out


def contact_strip(pictures: list[np.ndarray], gap: int = 4) -> np.ndarray:
    """Pictures of one size side by side on white.

    Shape:
        each ``uint8 [H, W, 3]``; returns ``uint8 [H, total width, 3]``.
    """
    height = pictures[0].shape[0]
    spacer = np.full((height, gap, 3), 255, np.uint8)
    parts = [p for picture in pictures for p in (picture, spacer)][:-1]
    return np.concatenate(parts, 1)
