"""Carry a mask through a video along the optical flow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping

import cv2
import numpy as np

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From two RGB frames to the flow between them, ``[H, W, 2]`` in pixels."""

_FLOW_SIDE = 640
"""Flow is measured on frames no larger than this; masks do not need more."""


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
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # more threads split the picture, and the flow, differently
    try:
        flow = estimator.calc(grey[0], grey[1], np.zeros((size[1], size[0], 2), np.float32))
    finally:
        cv2.setNumThreads(threads)
    full = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    return full * np.array([width / size[0], height / size[1]], np.float32)


def move_mask(
    mask: np.ndarray, here: np.ndarray, there: np.ndarray, flow: Flow = dis_flow
) -> np.ndarray:
    """Return the mask of ``here`` as it lies in ``there``.

    Backward warping by the flow from ``there`` to ``here``; the edge is steepened a little, against
    the blur that repeated warping brings.

    Shape:
        ``mask``: ``[H, W]``; frames: ``[H, W, 3]``; returns ``[H, W]``.
    """
    back = flow(there, here)
    height, width = mask.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(
        mask,
        x + back[..., 0],
        y + back[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.clip((moved - 0.5) * 1.2 + 0.5, 0, 1).astype(np.float32)


def track_masks(
    keyframes: Mapping[int, np.ndarray],
    frames: Iterable[np.ndarray],
    first: int = 0,
    flow: Flow = dis_flow,
) -> Iterator[np.ndarray]:
    """Make a mask for every frame from a few keyframes.

    After the last keyframe its mask is carried forward. Between two keyframes, the one before is
    carried forward and the one after backward, and the two are mixed by their distance in time.
    Before the first keyframe, its mask is carried backward. The frames of a stretch wait on disk,
    so memory does not grow with its length.

    Args:
        keyframes: masks by frame number.
        frames: the frames from number ``first`` on.
        first: number of the first frame.
        flow: optical flow between two frames.

    Yields:
        float32 ``[H, W]`` for every frame.
    """
    stretch = _Stretch()
    last_key: int | None = None
    number = first
    for number, frame in enumerate(frames, first):
        if number in keyframes:
            if len(stretch):
                stretch.append(frame)
                yield from stretch.between(
                    None if last_key is None else keyframes[last_key], keyframes[number], flow
                )
            stretch = _Stretch()
            yield keyframes[number]
            last_key = number
            stretch.append(frame)
        else:
            stretch.append(frame)
    if last_key is not None and len(stretch):
        yield from stretch.after(keyframes[last_key], flow)


class _Stretch:
    """Frames between two keyframes, kept in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the stretch
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, frame: np.ndarray) -> None:
        self._shape = frame.shape
        self._file.seek(self._count * frame.nbytes)
        self._file.write(frame.tobytes())
        self._count += 1

    def frame(self, index: int) -> np.ndarray:
        size = int(np.prod(self._shape))
        self._file.seek(index * size)
        return np.frombuffer(self._file.read(size), np.uint8).reshape(self._shape)

    def after(self, mask: np.ndarray, flow: Flow) -> Iterator[np.ndarray]:
        """Masks of all frames after the first, whose mask is given."""
        for i in range(1, self._count):
            mask = move_mask(mask, self.frame(i - 1), self.frame(i), flow)
            yield mask

    def between(
        self, before: np.ndarray | None, after: np.ndarray, flow: Flow
    ) -> Iterator[np.ndarray]:
        """Masks of the frames between two keyframes.

        Where ``before`` is None there is a keyframe only at the end.
        """
        begin = 0 if before is None else 1
        spool = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with this generator
        mask = after
        for i in range(self._count - 2, begin - 1, -1):
            mask = move_mask(mask, self.frame(i + 1), self.frame(i), flow)
            spool.write(np.rint(mask * 255).astype(np.uint8).tobytes())
        forward = before
        for i in range(begin, self._count - 1):
            spool.seek((self._count - 2 - i) * mask.size)
            backward = np.frombuffer(spool.read(mask.size), np.uint8).reshape(
                mask.shape
            ) / np.float32(255)
            if forward is None:
                yield backward
                continue
            forward = move_mask(forward, self.frame(i - 1), self.frame(i), flow)
            share = i / (self._count - 1)
            yield (1 - share) * forward + share * backward
