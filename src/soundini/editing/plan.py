"""Which frames are sampled together, and which box of the frame they are edited in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from soundini.config.recipe import RegionConfig, WindowConfig
from soundini.media.geometry import Box, edit_size, roi_box


@dataclass(frozen=True)
class Window:
    """Frames ``start`` to ``stop - 1`` (of the edited part), edited in ``box``.

    Args:
        index: number of the window.
        start: first frame.
        stop: one past the last.
        box: where the region lies in the native frame, or None where no frame of the window has a mask.
        size: height and width at the model.
    """

    index: int
    start: int
    stop: int
    box: Box | None
    size: tuple[int, int]

    def __len__(self) -> int:
        return self.stop - self.start


def split_frames(count: int, config: WindowConfig) -> list[tuple[int, int]]:
    """Cut ``count`` frames into windows of nearly equal length that overlap by ``config.overlap``.

    Args:
        count: number of frames, at least 1.
        config: largest window and overlap.

    Returns:
        ``(start, stop)`` of each window.
    """
    if count <= config.frames:
        return [(0, count)]
    step = config.frames - config.overlap
    number = -(-(count - config.overlap) // step)
    edges = [round(i * (count - config.overlap) / number) for i in range(number + 1)]
    return [(a, b + config.overlap) for a, b in pairwise(edges)]


def plan_windows(
    bounds: Sequence[Box | None],
    frame_size: tuple[int, int],
    region: RegionConfig,
    window: WindowConfig,
    stride: int,
) -> list[Window]:
    """Plan all windows of an edit.

    Every window's box follows its own masks but has the size that the largest needs, so the effect keeps its scale
    from window to window.

    Args:
        bounds: what the mask covers in each frame, in native pixels; None where it is empty.
        frame_size: height and width of the frame.
        region: padding and model size.
        window: length and overlap.
        stride: the model's stride.
    """
    spans = split_frames(len(bounds), window)
    unions = [_union(bounds[a:b]) for a, b in spans]
    present = [u for u in unions if u is not None]
    if not present:
        raise ValueError("no frame has a mask")
    width, height = max(u.width for u in present), max(u.height for u in present)
    windows = []
    for index, ((start, stop), union) in enumerate(zip(spans, unions, strict=True)):
        box = None
        if union is not None:
            grown = _recentred(union, width, height)
            box = roi_box(grown, frame_size, pad=region.pad, min_size=2 * stride)
        windows.append(Window(index, start, stop, box, (0, 0)))
    # The frame's edge may shorten one window's box: the size at the model is that of the largest.
    largest = max((w.box for w in windows if w.box), key=lambda b: (b.width * b.height, b.width))
    size = edit_size(largest, region.size, stride)
    return [Window(w.index, w.start, w.stop, w.box, size) for w in windows]


def _union(boxes: Sequence[Box | None]) -> Box | None:
    union: Box | None = None
    for box in boxes:
        if box is not None:
            union = box if union is None else union.union(box)
    return union


def _recentred(box: Box, width: int, height: int) -> Box:
    return Box(box.x - (width - box.width) // 2, box.y - (height - box.height) // 2, width, height)
