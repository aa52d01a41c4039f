"""Colour tags, and conversion between YUV and RGB by them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame as AvFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from soundini.media.planes import Layout, frame_of, subsampled, with_change

# Code points of ITU-T H.273, which FFmpeg's enums repeat.
UNSPECIFIED = 2
BT709 = 1
LIMITED, FULL = 1, 2
HDR_TRANSFERS = {14: "BT.2020", 15: "BT.2020", 16: "PQ (SMPTE 2084)", 18: "HLG (ARIB STD-B67)"}
BT2020_PRIMARIES = 9
BT2020_SPACES = (9, 10)

# H.273 matrix -> swscale's table. 601 has two names: 5 (625 lines) and 6 (525 lines).
_SWSCALE_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7}
# Weight of red and of blue in the luma, by swscale's table.
_LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 7: (0.212, 0.087)}
_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)


@dataclass(frozen=True)
class ColorTags:
    """The meaning of a video's samples as colours: code points of ITU-T H.273.

    Attributes:
        range: 0 unspecified, 1 limited (16..235), 2 full (0..255).
        space: The YUV matrix: 0 RGB, 1 BT.709, 2 unspecified, 5 and 6 BT.601, 7 SMPTE 240M.
        primaries: 1 BT.709, 2 unspecified, 5 and 6 BT.601, ...
        transfer: 1 BT.709, 2 unspecified, 6 BT.601, 13 sRGB, ...
    """

    range: int = 0
    space: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    def hdr_reason(self) -> str | None:
        """Why this is HDR or wide-gamut video, or None when it is ordinary video."""
        if self.transfer in HDR_TRANSFERS:
            return f"{HDR_TRANSFERS[self.transfer]} transfer"
        if self.space in BT2020_SPACES or self.primaries == BT2020_PRIMARIES:
            return "BT.2020 colours"
        return None

    def is_known_matrix(self) -> bool:
        """Whether the YUV matrix is one that can be converted."""
        return self.space in (0, UNSPECIFIED, 3) or self.space in _SWSCALE_MATRIX

    def for_yuv(self) -> ColorTags:
        """Return these tags for a YUV file: an RGB source gets BT.709, limited range."""
        if self.space != 0:
            return self
        return ColorTags(LIMITED, BT709, self.primaries, self.transfer)

    def for_rgb(self) -> ColorTags:
        """Return these tags for a file of red, green and blue."""
        return ColorTags(FULL, 0, self.primaries, self.transfer)


class ColorConverter:
    """Converts decoded frames to RGB, and RGB back to YUV, by the file's own colour tags.

    A file without a matrix tag is read as in players: BT.709 from 1280 columns or 577 rows up,
    BT.601 below. A file without a range tag is limited, unless its pixel format (``yuvj420p``) says
    full. The same rule serves reading and writing, so a round trip is faithful whatever the tags.

    Args:
        tags: The file's colour tags.
        width: Stored width in pixels.
        height: Stored height in pixels.
    """

    def __init__(self, tags: ColorTags, width: int, height: int) -> None:
        high_definition = max(width, height) >= 1280 or min(width, height) > 576
        self._matrix = _SWSCALE_MATRIX.get(tags.space, 1 if high_definition else 5)
        self._range = ColorRange.JPEG if tags.range == FULL else ColorRange.MPEG
        self._to_yuv = _matrix(_LUMA[self._matrix], tags.range == FULL)
        self._reformatter = VideoReformatter()

    def to_rgb(self, frame: AvFrame) -> np.ndarray:
        """Convert one decoded frame.

        Shape:
            - returns: ``uint8 [H, W, 3]``
        """
        full = frame.format.is_rgb or frame.format.name.startswith("yuvj")
        rgb = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            src_color_range=ColorRange.JPEG if full else self._range,
            dst_color_range=ColorRange.JPEG,
            interpolation=_SCALER,
        )
        return np.asarray(rgb.to_ndarray())

    def to_yuv(self, rgb: np.ndarray, pixel_format: str) -> AvFrame:
        """Convert one picture, rounding every sample to its nearest level.

        swscale is not used here: into full range it truncates, which darkens by one level with each generation.

        Args:
            rgb: The picture; of a size that the format can hold.
            pixel_format: One that is written, see :func:`soundini.media.planes.written_format`.

        Shape:
            - rgb: ``uint8 [H, W, 3]``
        """
        layout = Layout.of(pixel_format)
        values = cv2.transform(np.ascontiguousarray(rgb, np.float32), self._to_yuv)
        chroma = subsampled(values[..., 1:], layout)
        planes = (values[..., 0], chroma[..., 0], chroma[..., 1])
        return frame_of(tuple(_levels(plane, layout) for plane in planes), pixel_format)

    def changed(
        self,
        planes: tuple[np.ndarray, ...],
        before: np.ndarray,
        after: np.ndarray,
        pixel_format: str,
    ) -> AvFrame:
        """Add the change of an edit to the source's own samples; untouched ones stay as they are, to the bit.

        Args:
            planes: The source's samples.
            before: The source's picture.
            after: The edited picture.
            pixel_format: That of the samples.

        Shape:
            - before, after: ``uint8 [H, W, 3]``
        """
        touched = (before != after).any(-1)
        if touched.any():
            difference = after.astype(np.float32) - before
            change = cv2.transform(difference, np.ascontiguousarray(self._to_yuv[:, :3]))
            planes = with_change(planes, change, touched, Layout.of(pixel_format))
        return frame_of(planes, pixel_format)


def _matrix(luma: tuple[float, float], full: bool) -> np.ndarray:
    """Return the affine map ``float32 [3, 4]`` from RGB to YUV levels.

    ITU-R BT.601-7, 2.5.1 to 2.5.3, with the weights of the matrix at hand.
    """
    red, blue = luma
    y = np.array([red, 1 - red - blue, blue])
    u = (np.array([0, 0, 1]) - y) / (2 - 2 * blue)
    v = (np.array([1, 0, 0]) - y) / (2 - 2 * red)
    scale = np.array([1, 1, 1]) if full else np.array([219, 224, 224]) / 255
    offset = np.array([0 if full else 16, 128, 128])
    return np.column_stack([np.stack([y, u, v]) * scale[:, None], offset]).astype(np.float32)


def _levels(values: np.ndarray, layout: Layout) -> np.ndarray:
    scaled = np.rint(values * 2.0 ** (layout.bits - 8))
    return scaled.clip(0, 2**layout.bits - 1).astype(layout.dtype)
