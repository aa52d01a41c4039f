"""How an edit differs from its source: PSNR and SSIM where nothing was to change, its own motion, and the detail that is left."""

import math

import cv2
import numpy as np
import torch
from torch import Tensor

from soundini.errors import ConfigError

_SIDE = 128
"""Longer side of the square at which pictures are compared, pixels."""

_SIGMA = 3.0
"""Standard deviation of the blur that is subtracted, pixels at that size."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class FidelityMeter:
    """Gathers weighted PSNR and SSIM (Wang et al. 2004) over the frames of a video.

    PSNR = 10 log10(1 / MSE) for pixels in [0, 1], with the mean squared error of all weighted pixels of all frames. SSIM is the
    weighted mean of its map, by torchmetrics: a Gaussian window of 11 pixels and standard deviation 1.5. What lies
    within that window of a pixel acts on the pixel's value, so a change begins to tell on SSIM 5 pixels before its edge.

    Raises:
        ConfigError: torchmetrics is not installed.
    """

    def __init__(self) -> None:
        try:
            from torchmetrics.functional.image import structural_similarity_index_measure
        except ImportError:
            raise ConfigError(
                "SSIM needs torchmetrics; run: pip install 'soundini[metrics]'"
            ) from None
        self._map = structural_similarity_index_measure
        self._error = self._similarity = self._weight = 0.0

    @torch.no_grad()
    def add(self, source: Tensor, edited: Tensor, weight: Tensor) -> None:
        """Compare some frames.

        Args:
            source: in [0, 1], sides of at least 11 pixels.
            edited: the same frames after the edit.
            weight: how much a pixel counts, 0 or more.

        Shape:
            ``source``, ``edited``: ``[T, 3, H, W]``; ``weight``: ``[T, 1, H, W]``.
        """
        _, similarity = self._map(edited, source, data_range=1.0, return_full_image=True)
        assert isinstance(similarity, Tensor)
        squares = (edited - source).square()
        self._error += float((squares.mean(1, keepdim=True) * weight).double().sum())
        self._similarity += float((similarity.mean(1, keepdim=True) * weight).double().sum())
        self._weight += float(weight.double().sum())

    @property
    def psnr(self) -> float | None:
        """Decibels; infinite where nothing differs; None where no pixel counts."""
        if self._weight == 0:
            return None
        return math.inf if self._error == 0 else 10 * math.log10(self._weight / self._error)

    @property
    def ssim(self) -> float | None:
        """At most 1; None where no pixel counts."""
        return self._similarity / self._weight if self._weight else None


class MotionMeter:
    """Gathers the weighted mean length of the difference between the edited and the source's flow.

    An effect that is fixed to its scene gives 0. Flames that rise before a still wall give the motion that the estimator
    sees. Flicker counts as motion too. So read the figure together with the warp error; neither a large nor a small value is
    better by itself.
    """

    def __init__(self) -> None:
        self._length = self._weight = 0.0

    def add(self, source: Tensor, edited: Tensor, weight: Tensor) -> None:
        """Compare some flows.

        Args:
            source: between neighbouring frames of the source, in any unit.
            edited: between the same frames after the edit, in the same unit.
            weight: how much a pixel counts, 0 or more; 0 where the source's flow cannot be trusted.

        Shape:
            ``source``, ``edited``: ``[N, 2, H, W]``; ``weight``: ``[N, 1, H, W]``.
        """
        length = (edited - source).square().sum(1, keepdim=True).sqrt()
        # where, not a product: an untrusted flow may not be finite
        counted = torch.where(weight > 0, length * weight, torch.zeros_like(length))
        self._length += float(counted.double().sum())
        self._weight += float(weight.double().sum())

    @property
    def mean(self) -> float | None:
        """Mean length, in the unit of the flows; None if no pixel counts."""
        return self._length / self._weight if self._weight else None


def detail_kept(source: np.ndarray, edited: np.ndarray, mask: np.ndarray) -> float:
    """Correlation of high-pass luminance, source against edit, inside the region, mean over the frames.

    1: every edge is where it was; 0: nothing of the scene is left. Frames are cut to the region's bounding box and brought
    to a longer side of 128 pixels; their blur by a Gaussian of 3 pixels is subtracted.

    Args:
        source: frames.
        edited: the same frames, edited.
        mask: 1 = edited; frames without a mask are left out.

    Shape:
        ``source``, ``edited``: ``uint8 [T, H, W, 3]``; ``mask``: ``[T, H, W]``; returns a number in [-1, 1], 0 where there is
        nothing to compare.
    """
    found = []
    for before, after, region in zip(source, edited, mask, strict=True):
        rows, columns = np.flatnonzero(region.max(1) > 0.5), np.flatnonzero(region.max(0) > 0.5)
        if not len(rows):
            continue
        cut = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        inside = _at_size(np.asarray(region[cut], np.float32)) > 0.5
        a, b = (_high_pass(_at_size(x[cut]))[inside] for x in (before, after))
        if inside.sum() > 1 and a.std() > 0 and b.std() > 0:
            found.append(float(np.corrcoef(a, b)[0, 1]))
    return float(np.mean(found)) if found else 0.0


def _at_size(x: np.ndarray) -> np.ndarray:
    scale = _SIDE / max(x.shape[:2])
    size = max(1, round(x.shape[1] * scale)), max(1, round(x.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(x.astype(np.float32), size, interpolation=way)


def _high_pass(picture: np.ndarray) -> np.ndarray:
    luminance = picture @ _LUMA
    return luminance - cv2.GaussianBlur(luminance, (0, 0), _SIGMA)
