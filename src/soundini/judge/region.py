"""The part of a frame that is judged."""

from __future__ import annotations

from soundini.media.geometry import Box, roi_box


def bounding_square(region: Box, frame_size: tuple[int, int]) -> Box:
    """The square round a region, moved inside the frame; its side is at most the frame's shorter one.

    Args:
        region: the region's bounds, pixels.
        frame_size: height and width of the frame.
    """
    side = min(max(region.width, region.height), *frame_size)
    x = region.x + (region.width - side) // 2
    y = region.y + (region.height - side) // 2
    return roi_box(Box(x, y, side, side), frame_size, pad=0, min_size=side)
