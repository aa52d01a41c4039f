"""From a region of the frame to the model's resolution, and back without touching anything else."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

MAX_ASPECT = 2.0
_CHANGE_SEEN, _CHANGE_HIDES = 0.08, 0.24
"""Local change, as a share of the range, at which detail of a flat place begins to fade and at which it is gone."""

_SHOWS = 0.4
"""Slope of an edit on its source from which detail is taken over in full measure."""

_FLAT = 0.003
"""Variance of the source, over its three channels on [-1, 1], below which a place counts as flat."""


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels; it may stick out of the frame.

    Attributes:
        x: Left column.
        y: Top row.
        width: Columns, at least 1.
        height: Rows, at least 1.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box has at least one pixel, not {self.width}x{self.height}")

    @property
    def right(self) -> int:
        """One past the last column."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """One past the last row."""
        return self.y + self.height

    def union(self, other: Box) -> Box:
        """Return the smallest box that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)


def roi_box(
    mask_bounds: Box, frame_size: tuple[int, int], *, pad: float = 0.25, min_size: int = 64
) -> Box:
    """Return the padded box in which a region is edited.

    It holds the region, has at least ``min_size`` pixels a side and, where the frame has room, is
    no longer than twice its width. It lies inside the frame, except where ``min_size`` is larger
    than the frame.

    Args:
        mask_bounds: The region over the whole clip, in pixels.
        frame_size: Height and width of the frame.
        pad: Margin on each side, as a fraction of the region's width or height, 0 or more.
        min_size: Smallest width and height, in pixels.

    Returns:
        The box.
    """
    if pad < 0:
        raise ValueError(f"pad must be at least 0, not {pad}")
    rows, columns = frame_size
    width = min(mask_bounds.width + 2 * round(pad * mask_bounds.width), columns)
    height = min(mask_bounds.height + 2 * round(pad * mask_bounds.height), rows)
    width, height = max(width, min_size), max(height, min_size)
    if width > MAX_ASPECT * height:
        height = max(height, min(math.ceil(width / MAX_ASPECT), rows))
    elif height > MAX_ASPECT * width:
        width = max(width, min(math.ceil(height / MAX_ASPECT), columns))
    x = _place(mask_bounds.x + mask_bounds.width / 2, width, columns)
    y = _place(mask_bounds.y + mask_bounds.height / 2, height, rows)
    return Box(x, y, width, height)


def edit_size(box: Box, long_side: int, multiple: int) -> tuple[int, int]:
    """Return the resolution at which a box is edited.

    Args:
        box: The box, in native pixels.
        long_side: The longer side at the model, in pixels.
        multiple: Both sides are multiples of this (the model's total stride).

    Returns:
        Height and width: the longer side is ``long_side`` (rounded to ``multiple``), the other
        keeps the aspect ratio as closely as ``multiple`` allows.
    """
    scale = long_side / max(box.width, box.height)

    def fit(side: int) -> int:
        return max(multiple, round(side * scale / multiple) * multiple)

    return fit(box.height), fit(box.width)


def to_model(
    frames: np.ndarray, box: Box, size: tuple[int, int], *, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Crop frames to a box and bring them to the model's size and range.

    The resize is bicubic with antialiasing. Where the box sticks out, the frame's edge is repeated.

    Args:
        frames: ``uint8`` in 0..255, or float in [0, 1].
        box: What to cut out.
        size: Height and width at the model.
        device: Where the result lies and the resize runs.

    Returns:
        float32 in [-1, 1].

    Shape:
        - frames: ``[T, H, W, 3]``
        - returns: ``[T, 3, h, w]``
    """
    scale = 255.0 if frames.dtype == np.uint8 else 1.0
    pictures = torch.from_numpy(_crop(frames, box)).to(device).permute(0, 3, 1, 2).float() / scale
    return _resize(pictures, size).clamp(0, 1) * 2 - 1


def mask_to_model(
    masks: np.ndarray, box: Box, size: tuple[int, int], *, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Crop masks to a box and bring them to the model's size.

    The resize is by area (bilinear when enlarging), so a mask never leaves [0, 1] and never rings.
    Outside the frame the mask is 0.

    Args:
        masks: float in [0, 1]; 1 = edit.
        box: What to cut out.
        size: Height and width at the model.
        device: Where the result lies and the resize runs.

    Shape:
        - masks: ``[T, H, W]``
        - returns: ``[T, 1, h, w]``
    """
    cut = torch.from_numpy(_crop(masks, box, edge=False)).to(device).float().unsqueeze(1)
    return F.interpolate(
        cut, size=size, mode="bilinear", align_corners=False, antialias=True
    ).clamp(0, 1)


def detail_gain(edited: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """By how much an edit scales the fine detail of what it changes: 1 leaves it, 0.4 dims it, 0 hides it.

    It is the slope of a local regression of the edit on the source (He et al. 2013, Guided Image Filtering, equation 5),
    within 7x7 pixels and over the channels together:

        slope = (cov(edited, source) + eps * weak) / (var(source) + eps), clipped to [0, 1]
        gain = slope * smoothstep(slope / 0.4)

    The last factor takes away what little shines through flames. Where the source is flat the regression says nothing, and
    ``weak`` decides: it falls smoothly from 1 at a local change of 8 % of the range to 0 at 24 %.

    Args:
        edited: in [-1, 1].
        source: in [-1, 1].

    Shape:
        - edited, source: ``[T, 3, h, w]``
        - returns: ``[T, 1, h, w]``
    """
    local = _local_mean((edited - source).abs().amax(1, keepdim=True), 5) / 2
    hidden = ((local - _CHANGE_SEEN) / (_CHANGE_HIDES - _CHANGE_SEEN)).clamp(0, 1)
    weak = 1 - hidden * hidden * (3 - 2 * hidden)
    mean = _local_mean(source, 7)
    covariance = _local_mean(edited * source, 7) - _local_mean(edited, 7) * mean
    variance = _local_mean(source * source, 7) - mean * mean
    slope = (covariance.sum(1, keepdim=True) + _FLAT * weak) / (
        variance.sum(1, keepdim=True) + _FLAT
    )
    slope = slope.clamp(0, 1)
    shows = (slope / _SHOWS).clamp(0, 1)
    return slope * shows * shows * (3 - 2 * shows)


def enlarge(picture: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Bring a picture to another size, bicubic; what lies between pixels may leave the range a little.

    Shape:
        ``[C, h, w]``; returns ``[C, *size]``.
    """
    return _resize(picture[None].float(), size)[0]


def soften(picture: torch.Tensor) -> torch.Tensor:
    """Keep what is smooth in a picture: three means over 7x7 pixels, close to a Gaussian of 3.5 pixels.

    Shape:
        ``[C, h, w]``; returns the same.
    """
    for _ in range(3):
        picture = _local_mean(picture, 7)
    return picture


def _local_mean(pictures: torch.Tensor, side: int) -> torch.Tensor:
    return F.avg_pool2d(pictures, side, 1, side // 2, count_include_pad=False)


def paste_change(
    source_rgb: np.ndarray,
    edited: torch.Tensor,
    resampled_source: torch.Tensor,
    mask: np.ndarray,
    box: Box,
) -> np.ndarray:
    """Put an edit back into the native frame without blurring what it did not change.

    The edited picture was seen at the model's resolution; the native frame holds detail that it
    never had. So not the picture is enlarged but the change:

        out = source + mask * (enlarge(change) + (g - 1) * detail),   change = edited - resampled_source

    ``detail`` is what the native frame has beyond the model's resolution, source - enlarge(resampled_source). Rain, a storm
    and deep water dim it with the scene; where flames hide what was there, its outlines must not show through. So its
    factor g is :func:`detail_gain`.

    Pixels where ``mask`` is 0, or that lie outside the box, are bit-identical to the source.

    Args:
        source_rgb: The native frame, ``uint8``.
        edited: The edited crop in [-1, 1].
        resampled_source: The same crop of the source as :func:`to_model` made it, in [-1, 1].
        mask: Feathered mask over the whole frame, in [0, 1].
        box: Where the crop lies.

    Returns:
        The new frame, ``uint8``.

    Raises:
        ValueError: ``mask`` has another size than the frame, or the edit is not finite where the
            mask lets it through.

    Shape:
        - source_rgb: ``[H, W, 3]``
        - edited, resampled_source: ``[3, h, w]``
        - mask: ``[H, W]``
        - returns: ``[H, W, 3]``
    """
    if mask.shape != source_rgb.shape[:2]:
        raise ValueError(f"mask {mask.shape} and frame {source_rgb.shape[:2]} differ in size")
    rows, columns = mask.shape
    top, bottom = max(box.y, 0), min(box.bottom, rows)
    left, right = max(box.x, 0), min(box.right, columns)
    out = source_rgb.copy()
    if top >= bottom or left >= right:
        return out
    seen = resampled_source.detach().float()[None]
    change = edited.detach().float()[None] - seen
    layers = torch.cat([change, seen, detail_gain(seen + change, seen)], 1)
    native = _resize(layers, (box.height, box.width))[0].permute(1, 2, 0).cpu().numpy()
    native = native[top - box.y : bottom - box.y, left - box.x : right - box.x]
    detail = out[top:bottom, left:right] - (native[..., 3:6] * 127.5 + 127.5)
    native = native[..., :3] * 127.5 + (native[..., 6:].clip(0, 1) - 1) * detail
    weight = mask[top:bottom, left:right, None].astype(np.float32)
    region = out[top:bottom, left:right]
    touched = weight[..., 0] > 0
    blended = region[touched] + weight[touched] * native[touched]
    if not np.isfinite(blended).all():
        raise ValueError("the edit holds NaN or infinite values")
    region[touched] = np.rint(blended).clip(0, 255).astype(np.uint8)
    return out


def _place(centre: float, side: int, frame_side: int) -> int:
    """Return the first pixel of a side centred on a point, moved inside the frame when it fits."""
    first = round(centre - side / 2)
    if side > frame_side:
        return (frame_side - side) // 2
    return min(max(first, 0), frame_side - side)


def _crop(frames: np.ndarray, box: Box, *, edge: bool = True) -> np.ndarray:
    """Cut a box out of ``[T, H, W, ...]``; outside the frame repeat its edge, or put 0."""
    rows, columns = frames.shape[1:3]
    y = np.arange(box.y, box.bottom)
    x = np.arange(box.x, box.right)
    if box.y >= 0 and box.x >= 0 and box.bottom <= rows and box.right <= columns:
        return np.ascontiguousarray(frames[:, box.y : box.bottom, box.x : box.right])
    cut = frames[:, y.clip(0, rows - 1)][:, :, x.clip(0, columns - 1)]
    if not edge:
        inside = ((y >= 0) & (y < rows))[:, None] & ((x >= 0) & (x < columns))
        cut = cut * inside.astype(cut.dtype)
    return np.ascontiguousarray(cut)


def _resize(pictures: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    if tuple(pictures.shape[-2:]) == tuple(size):
        return pictures
    return F.interpolate(pictures, size=size, mode="bicubic", align_corners=False, antialias=True)
