"""Masks that say nothing: black throughout, or white throughout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from soundini.errors import MaskError


def check_levels(path: Path, masks: Iterator[np.ndarray], inverted: bool) -> None:
    """Refuse masks that are black throughout, or white throughout; looks no further than it must.

    Raises:
        MaskError: they are.
    """
    some_white, some_black = inverted, False
    for mask in masks:
        some_white = some_white or bool(mask.any())
        some_black = some_black or bool(mask.min() <= 0.5)
        if some_white and some_black:
            return
    if not some_white:
        raise MaskError(
            f"the mask {path} is empty: nothing in it is white; white is what is edited, or black with --invert"
        )
    if inverted:
        raise MaskError(
            f"the mask {path} is white everywhere, and with --invert nothing is edited; leave --invert out"
        )
    raise MaskError(
        f"the mask {path} is white everywhere; if you mean the whole frame, use --whole-frame"
    )
