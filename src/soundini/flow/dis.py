"""Dense inverse search (DIS) by OpenCV: fast, without weights, not differentiable."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.flow.warp import resize_flow

_LUMA = (0.299, 0.587, 0.114)
# Below this short side the pyramid has no level left for a patch of 8 pixels.
_MIN_SIDE = 64


class DISFlow:
    """Optical flow by dense inverse search (Kroeger et al., ECCV 2016), as in OpenCV with its best preset.

    Works on 8-bit luma on the CPU, one pair at a time; motions far beyond a quarter of the frame
    are missed. The flow carries no gradient. Equal input gives equal output whatever the number of
    threads.
    """

    differentiable = False

    @torch.no_grad()
    def __call__(self, frames_a: Tensor, frames_b: Tensor) -> Tensor:
        """Estimate the flow from ``frames_a`` to ``frames_b``; see :class:`FlowEstimator`."""
        if frames_a.shape != frames_b.shape:
            raise ValueError(f"frames differ in shape: {frames_a.shape}, {frames_b.shape}")
        batch, _, height, width = frames_a.shape
        if batch == 0:
            return frames_a.new_zeros(0, 2, height, width)
        greys_a, greys_b = _greys(frames_a), _greys(frames_b)
        with one_thread():
            flows = [self._pair(a, b) for a, b in zip(greys_a, greys_b, strict=True)]
        flow = torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).contiguous()
        return resize_flow(flow, (height, width)).to(frames_a)

    def _pair(self, grey_a: np.ndarray, grey_b: np.ndarray) -> np.ndarray:
        # a fresh engine per pair: one engine is neither stateless nor safe to share between threads
        engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        return engine.calc(grey_a, grey_b, None)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _greys(frames: Tensor) -> list[np.ndarray]:
    """8-bit luma of each frame, enlarged to the size DIS needs."""
    frames = frames.detach().float()
    height, width = frames.shape[-2:]
    scale = _MIN_SIDE / min(height, width)
    if scale > 1:
        size = (math.ceil(height * scale), math.ceil(width * scale))
        frames = F.interpolate(frames, size=size, mode="bilinear", align_corners=False)
    luma = (frames * frames.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(dim=1)
    levels = ((luma + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return list(levels.cpu().numpy())


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV use one thread: DIS gives each thread a stripe of rows, so more would change the flow."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
