"""Which frames are sampled together, and which box of the frame they are edited in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from soundini.config.recipe import RegionConfig, WindowConfig
from soundini.geometry import Box, edit_size, roi_box


@dataclass(frozen=True)
class Window:
    """Frames ``start`` to ``stop - 1`` (of the edited part), edited in ``box``.

    Args:
        index: number of the window.
        start: first frame.
        stop: one past the last.
        box: where the region lies in the native frame, or None where no frame of the window has a mask.
        size: height and width at the model.
        keyframes: frames that are sampled, counted from ``start``, rising from 0; None for all.
    """

    index: int
    start: int
    stop: int
    box: Box | None
    size: tuple[int, int]
    keyframes: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def sampled(self) -> tuple[int, ...]:
        """Frames that are sampled, counted from ``start``."""
        return tuple(range(len(self))) if self.keyframes is None else self.keyframes


def place_keyframes(count: int, stride: int) -> list[int]:
    """Which of ``count`` frames are sampled: every ``stride``-th from the first, and the last, so that each lies between two."""
    return [*range(0, count - 1, stride), count - 1]


def longest_span(config: WindowConfig) -> int:
    """How many frames of the video the largest window holds: those sampled together and those between them."""
    return (config.frames - 1) * config.stride + 1


def split_frames(count: int, config: WindowConfig) -> list[tuple[int, int]]:
    """Cut ``count`` sampled frames into windows of nearly equal length that overlap by ``config.overlap``.

    Args:
        count: number of sampled frames, at least 1.
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
    from window to window. Windows begin and end on keyframes; but where they share none, a window holds what lies between its
    last one and the next window's first as well.

    Args:
        bounds: what the mask covers in each frame, in native pixels; None where it is empty.
        frame_size: height and width of the frame.
        region: padding and model size.
        window: length, overlap and stride of keyframes.
        stride: the model's stride.
    """
    keyframes = place_keyframes(len(bounds), window.stride)
    cuts = split_frames(len(keyframes), window)
    spans = [_span(keyframes, a, b, window.overlap) for a, b in cuts]
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
        inside = tuple(keyframe - start for keyframe in keyframes[slice(*cuts[index])])
        windows.append(Window(index, start, stop, box, (0, 0), inside))
    # The frame's edge may shorten one window's box: the size at the model is that of the largest.
    largest = max((w.box for w in windows if w.box), key=lambda b: (b.width * b.height, b.width))
    size = edit_size(largest, region.size, stride)
    return [replace(w, size=size) for w in windows]


def _span(keyframes: Sequence[int], first: int, stop: int, overlap: int) -> tuple[int, int]:
    """Frames of the window whose keyframes are those numbered ``first`` to ``stop - 1``."""
    apart = overlap == 0 and stop < len(keyframes)
    return keyframes[first], keyframes[stop] if apart else keyframes[stop - 1] + 1


def _union(boxes: Sequence[Box | None]) -> Box | None:
    union: Box | None = None
    for box in boxes:
        if box is not None:
            union = box if union is None else union.union(box)
    return union


def _recentred(box: Box, width: int, height: int) -> Box:
    return Box(box.x - (width - box.width) // 2, box.y - (height - box.height) // 2, width, height)
