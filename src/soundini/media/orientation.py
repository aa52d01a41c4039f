"""Turns pictures upright: phones store them sideways, with a note of how to turn them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame as AvFrame


class Orientation(NamedTuple):
    """One of the eight ways to show a stored picture upright.

    Attributes:
        transpose: Rows become columns (first).
        flip_x: Mirrored left to right (after the transpose).
        flip_y: Mirrored top to bottom (after the transpose).
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of_frame(cls, frame: AvFrame) -> Orientation:
        """Read the display matrix that the container attached to a decoded frame.

        The matrix maps ``(x, y)`` to ``(a x + c y, b x + d y)`` (FFmpeg, libavutil/display.h).
        Angles between quarter turns are taken to the nearest one.
        """
        side_data = frame.side_data.get("DISPLAYMATRIX")
        if side_data is None:
            return cls()
        a, b, _, c, d, *_ = np.frombuffer(bytes(side_data), dtype=np.int32).tolist()
        if abs(a) >= abs(b):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    @property
    def degrees(self) -> int:
        """The counterclockwise turn in degrees (0, 90, 180, 270), mirroring left aside."""
        if self.transpose:
            return 90 if self.flip_y else 270
        return 180 if self.flip_x else 0

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """Turn a picture upright; returns a contiguous array.

        Shape:
            - picture: ``[H, W, C]``
            - returns: ``[H, W, C]``, or ``[W, H, C]`` where it is transposed
        """
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        if self.flip_x:
            picture = picture[:, ::-1]
        if self.flip_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)
