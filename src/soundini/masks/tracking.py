"""Carries a mask through a video along the optical flow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping

import cv2
import numpy as np

from soundini.errors import MaskError
from soundini.flow.dis import one_thread

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From two RGB frames to the flow from the first to the second, ``[H, W, 2]`` in pixels."""

_FLOW_SIDE = 640
"""Flow is measured on frames no larger than this; masks do not need more."""

_EDGE = 4
"""The flow within this many pixels of an edge is not trusted: half the size of the patches that DIS matches."""


def dis_flow(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Find where each pixel of ``here`` goes in ``there``.

    By OpenCV DIS, on a copy of at most 640 pixels a side.
    """
    height, width = here.shape[:2]
    scale = min(1.0, _FLOW_SIDE / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    grey = [
        cv2.resize(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        for f in (here, there)
    ]
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0)  # the preset stops at half the size, which is too coarse for edges
    with one_thread():
        flow = estimator.calc(grey[0], grey[1], np.zeros((size[1], size[0], 2), np.float32))
    full = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    return full * np.array([width / size[0], height / size[1]], np.float32)


def move_mask(
    mask: np.ndarray, here: np.ndarray, there: np.ndarray, flow: Flow = dis_flow
) -> np.ndarray:
    """Carry the mask of ``here`` to where it lies in ``there``.

    Dense flow blurs across the edge of an object, and the background that it uncovers has no flow at
    all; a mask warped by such a flow leaves a trail. So only the flow well inside the mask is used;
    it is smoothed and continued outwards, and the mask is warped by that. The edge is steepened a
    little, against the blur of repeated warping. The frames may be smaller than the mask.

    Shape:
        ``mask``: ``[H, W]``; frames: ``[h, w, 3]``; returns ``[H, W]``.
    """
    ahead = _motion_of(mask, flow(here, there))
    height, width = mask.shape
    if ahead.shape[:2] != mask.shape:
        grow = np.array([width / ahead.shape[1], height / ahead.shape[0]], np.float32)
        ahead = cv2.resize(ahead, (width, height), interpolation=cv2.INTER_LINEAR) * grow
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    from_x, from_y = x, y
    for _ in range(2):  # where it came from: q = p - ahead(q), by fixed-point iteration
        step = cv2.remap(ahead, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        from_x, from_y = x - step[..., 0], y - step[..., 1]
    moved = cv2.remap(
        mask, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.clip((moved - 0.5) * 1.2 + 0.5, 0, 1).astype(np.float32)


def _motion_of(mask: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return the flow inside a mask, smoothed, and continued beyond its edge."""
    solid = cv2.resize(mask, flow.shape[1::-1], interpolation=cv2.INTER_AREA)
    solid = (solid >= 0.5).astype(np.float32)
    area = float(solid.sum())
    core = cv2.erode(solid, np.ones((2 * _EDGE + 1, 2 * _EDGE + 1), np.uint8))
    if core.sum() < 0.1 * area:
        core = solid
    spread = max(3.0, 0.08 * area**0.5)
    weight = cv2.GaussianBlur(core, (0, 0), spread)
    smooth = cv2.GaussianBlur(flow.astype(np.float32) * core[..., None], (0, 0), spread)
    return smooth / np.maximum(weight, 1e-6)[..., None]


def track_masks(
    keyframes: Mapping[int, np.ndarray],
    frames: Iterable[np.ndarray],
    first: int = 0,
    flow: Flow = dis_flow,
) -> Iterator[np.ndarray]:
    """Make a mask for every frame from a few keyframes.

    After the last keyframe its mask is carried forward, frame by frame. Between two keyframes, the
    one before is carried forward and the one after backward, and the two are mixed by their
    distance in time. Before the first keyframe, its mask is carried backward. The frames between
    two keyframes wait on disk, so memory does not grow with their number.

    Args:
        keyframes: masks by frame number; at least one.
        frames: the frames from number ``first`` on.
        first: number of the first frame.
        flow: computes the optical flow between two frames, of at most 640 pixels a side.

    Yields:
        float32 ``[H, W]`` for every frame.

    Raises:
        MaskError: a keyframe is not among the frames.
    """
    if not keyframes or min(keyframes) < first:
        raise _astray(min(keyframes, default=0), first)
    last = max(keyframes)
    before: int | None = None
    mask: np.ndarray | None = None
    previous: np.ndarray | None = None
    number = first - 1
    with _Stretch() as stretch:
        for number, frame in enumerate(map(_shrunk, frames), first):
            if number in keyframes:
                stretch.append(frame)
                yield from stretch.between(
                    None if before is None else keyframes[before], keyframes[number], flow
                )
                stretch.clear()
                stretch.append(frame)
                mask, before = keyframes[number], number
                yield mask
            elif number < last:
                stretch.append(frame)
            elif mask is not None and previous is not None:
                mask = move_mask(mask, previous, frame, flow)
                yield mask
            previous = frame
    if number < last:
        raise _astray(last, first, number)


def _astray(keyframe: int, first: int, last: int | None = None) -> MaskError:
    if last is None:
        return MaskError(
            "there is a mask for frame {frame}, but the frames edited are {first} and later; move "
            "the mask to one of them",
            frame=keyframe,
            first=first,
        )
    return MaskError(
        "there is a mask for frame {frame}, but the frames edited are {first} to {last}; move the "
        "mask to one of them",
        frame=keyframe,
        first=first,
        last=last,
    )


def _shrunk(frame: np.ndarray) -> np.ndarray:
    """Shrink a frame to the size at which flow is computed."""
    scale = _FLOW_SIDE / max(frame.shape[:2])
    if scale >= 1:
        return frame
    size = (max(16, round(frame.shape[1] * scale)), max(16, round(frame.shape[0] * scale)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


class _Stretch:
    """Frames between two keyframes, kept in a temporary file; use it as a context manager."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the stretch
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def __enter__(self) -> _Stretch:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def clear(self) -> None:
        self._file.truncate(0)
        self._count = 0

    def append(self, frame: np.ndarray) -> None:
        self._shape = frame.shape
        self._file.seek(self._count * frame.nbytes)
        self._file.write(frame.tobytes())
        self._count += 1

    def frame(self, index: int) -> np.ndarray:
        size = int(np.prod(self._shape))
        self._file.seek(index * size)
        return np.frombuffer(self._file.read(size), np.uint8).reshape(self._shape)

    def between(
        self, before: np.ndarray | None, after: np.ndarray, flow: Flow
    ) -> Iterator[np.ndarray]:
        """Masks of the frames between two keyframes; the last frame is the second keyframe.

        If ``before`` is None, there is no first keyframe, and the first frame is like the others.
        """
        begin = 0 if before is None else 1
        with tempfile.TemporaryFile() as spool:
            mask = after
            for i in range(self._count - 2, begin - 1, -1):
                mask = move_mask(mask, self.frame(i + 1), self.frame(i), flow)
                spool.write(np.rint(mask * 255).astype(np.uint8).tobytes())
            forward = before
            for i in range(begin, self._count - 1):
                spool.seek((self._count - 2 - i) * mask.size)
                levels = np.frombuffer(spool.read(mask.size), np.uint8).reshape(mask.shape)
                backward = levels / np.float32(255)
                if forward is None:
                    yield backward
                    continue
                forward = move_mask(forward, self.frame(i - 1), self.frame(i), flow)
                share = i / (self._count - 1)
                yield ((1 - share) * forward + share * backward).astype(np.float32)
