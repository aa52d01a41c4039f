"""Refuses masks without meaning: all black, or all white."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from soundini.errors import MaskError, Option


def check_levels(path: Path, masks: Iterator[np.ndarray], inverted: bool) -> None:
    """Refuse masks that are all black or all white; reads no more of them than needed.

    Raises:
        MaskError: all are black, or all are white.
    """
    some_white, some_black = inverted, False
    for mask in masks:
        some_white = some_white or bool(mask.any())
        some_black = some_black or bool(mask.min() <= 0.5)
        if some_white and some_black:
            return
    if not some_white:
        raise MaskError(
            "the mask {file} is empty: nothing in it is white; white is what is edited, or black "
            "with {option}",
            file=path,
            option=Option("region.invert"),
        )
    if inverted:
        raise MaskError(
            "the mask {file} is white everywhere, and with {option} nothing is edited; leave "
            "{option} out",
            file=path,
            option=Option("region.invert"),
        )
    raise MaskError(
        "the mask {file} is white everywhere; if you mean the whole frame, use {option}",
        file=path,
        option=Option("whole_frame"),
    )
