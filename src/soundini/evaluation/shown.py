"""Pictures that are kept for sheets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from safetensors.numpy import load_file, save_file

from soundini.masks.preview import overlay
from soundini.media.output import PartialFile

SHOWN = 5
"""Frames that are kept of an edit, spread over it."""

HEIGHT = 96
"""Their height, pixels."""


def spread_frames(count: int) -> list[int]:
    """:data:`SHOWN` of so many frames, spread over them from the first to the last."""
    return np.linspace(0, count - 1, SHOWN).round().astype(int).tolist()


def save_shown(path: Path, frames: np.ndarray, edited: np.ndarray, masks: np.ndarray) -> None:
    """Save a few frames of an edit at a small size: the source, its region marked in the first, and the result.

    Shape:
        ``frames``, ``edited``: ``uint8 [T, H, W, 3]``; ``masks``: ``[T, H, W]``.
    """
    chosen = spread_frames(len(frames))
    sources = [overlay(frames[0], masks[0]), *(frames[i] for i in chosen[1:])]
    kept = {
        "source": np.stack([small(f) for f in sources]),
        "edited": np.stack([small(edited[i]) for i in chosen]),
    }
    save_pictures(path, kept)


def load_shown(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Load the frames that :func:`save_shown` saved: source and result, ``uint8 [SHOWN, HEIGHT, width, 3]`` each."""
    kept = load_file(path)
    return kept["source"], kept["edited"]


def save_pictures(path: Path, pictures: dict[str, np.ndarray]) -> None:
    """Keep pictures by name, as safetensors, by atomic rename."""
    with PartialFile(path) as file:
        save_file(pictures, file.partial)
        file.commit()


def small(frame: np.ndarray) -> np.ndarray:
    """A frame at the height of sheets: ``uint8 [H, W, 3]`` -> ``[HEIGHT, width, 3]``."""
    width = round(HEIGHT * frame.shape[1] / frame.shape[0])
    return np.asarray(cv2.resize(frame, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
