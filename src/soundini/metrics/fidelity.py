"""PSNR and SSIM, for example where nothing was to change."""

import math

import torch
from torch import Tensor

from soundini.errors import ConfigError


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
