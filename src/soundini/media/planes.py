"""Planes of a picture in YUV, so that pixels that an edit leaves alone are written as in the source, to the bit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame as AvFrame

if TYPE_CHECKING:
    from soundini.media.orientation import Orientation
    from soundini.media.video_info import VideoInfo

COMMON = "yuv420p"
"""The pixel format that everything plays."""
RGB = "gbrp"
"""Red, green and blue, eight bits each, which H.264 can hold too."""
_WRITTEN = {
    *("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"),
}
"""Pixel formats that are written, as x264 knows them."""
_SAME = {
    **{f"yuvj{c}p": f"yuv{c}p" for c in (420, 422, 444)},
    **{f"yuva{c}p": f"yuv{c}p" for c in (420, 422, 444)},
    **{f"yuva{c}p10le": f"yuv{c}p10le" for c in (420, 422, 444)},
    **{"nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p"},
    **{"p010le": "yuv420p10le", "yuyv422": "yuv422p", "uyvy422": "yuv422p"},
}
"""Formats that hold the same samples in another order, or with others beside them."""
_FEWEST = 4
"""Most luma samples to a chroma sample."""


@dataclass(frozen=True)
class Layout:
    """How a pixel format stores its planes.

    Args:
        across: luma columns to a chroma sample.
        down: luma rows to a chroma sample.
        bits: of a sample.
    """

    across: int
    down: int
    bits: int

    @classmethod
    def of(cls, pixel_format: str) -> Layout:
        """The layout of a format that is written."""
        bits = 10 if pixel_format.endswith("10le") else 8
        return cls(1 if "444" in pixel_format else 2, 2 if "420" in pixel_format else 1, bits)

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Of the samples."""
        return np.uint8 if self.bits == 8 else np.uint16

    def fits(self, width: int, height: int) -> bool:
        """Whether H.264 can hold pictures of a size in this format."""
        return width % self.across == 0 and height % self.down == 0


def written_format(info: VideoInfo) -> str:
    """The pixel format nearest to a source's that H.264 can hold at its size; RGB stays RGB.

    Args:
        info: the source.
    """
    source = info.pixel_format
    name = _SAME.get(source, source)
    if is_rgb(info):
        return RGB
    if name not in _WRITTEN:
        name = _holding(name)
    layout = Layout.of(name)
    if info.orientation.transpose and layout.across != layout.down:
        layout, name = Layout(1, 1, layout.bits), name.replace("422", "444")
    if not layout.fits(info.width, info.height):
        name = re.sub("42[02]", "444", name)
    return name


def _holding(pixel_format: str) -> str:
    """The smallest format that is written and has as many chroma samples as another; grey has none."""
    form = VideoFormat(pixel_format)
    if len(form.components) < 3:
        return COMMON
    across, down = (_FEWEST // side(_FEWEST) for side in (form.chroma_width, form.chroma_height))
    chroma = "444" if across == 1 else "422" if down == 1 else "420"
    return f"yuv{chroma}p10le" if form.components[0].bits > 8 else f"yuv{chroma}p"


def is_rgb(info: VideoInfo) -> bool:
    """Whether a source's samples are red, green and blue, or indices of such colours."""
    name = info.pixel_format
    return name == "pal8" or (
        info.color.space == 0 and not name.startswith(("gray", "mono", "yuv"))
    )


def planes_of(
    frame: AvFrame, pixel_format: str, orientation: Orientation
) -> tuple[np.ndarray, ...] | None:
    """The samples of a decoded frame, upright; None if its format is not the one to write.

    Args:
        frame: as decoded.
        pixel_format: to write.
        orientation: how the picture is turned.

    Shape:
        returns luma ``[H, W]``, and twice chroma.
    """
    name = frame.format.name
    if pixel_format == RGB:
        return None
    if _SAME.get(name, name) != pixel_format:
        return None
    if name.startswith(("nv", "p0", "yuyv", "uyvy")):
        frame = frame.reformat(format=pixel_format)
    layout = Layout.of(pixel_format)
    planes = []
    for plane in list(frame.planes)[:3]:
        samples = np.frombuffer(cast("bytes", plane), layout.dtype).reshape(plane.height, -1)[
            :, : plane.width
        ]
        planes.append(orientation.apply(samples[..., None])[..., 0])
    return tuple(planes)


def frame_of(planes: tuple[np.ndarray, ...], pixel_format: str) -> AvFrame:
    """A frame for the encoder.

    Shape:
        ``planes``: luma ``[H, W]``, and twice chroma.
    """
    height, width = planes[0].shape
    frame = AvFrame(width, height, pixel_format)
    for plane, samples in zip(frame.planes, planes, strict=True):
        target = np.frombuffer(cast("bytes", plane), samples.dtype).reshape(plane.height, -1)
        target[:, : plane.width] = samples
    return frame


def with_change(
    planes: tuple[np.ndarray, ...], change: np.ndarray, touched: np.ndarray, layout: Layout
) -> tuple[np.ndarray, ...]:
    """Add a change to the planes of a source; samples of untouched pixels stay as they are.

    Args:
        planes: of the source.
        change: of each pixel, in levels of eight bits.
        touched: the pixels that an edit changed.
        layout: of the planes.

    Shape:
        ``planes``: luma ``[H, W]``, and twice chroma; ``change``: float ``[H, W, 3]``; ``touched``: bool ``[H, W]``.
    """
    rows, columns = np.flatnonzero(touched.any(1)), np.flatnonzero(touched.any(0))
    if len(rows) == 0:
        return planes
    # A little more than the touched box, in whole chroma samples: chroma is smoothed over its neighbours.
    top, bottom = max(0, int(rows[0]) // 2 * 2 - 2), min(len(touched), int(rows[-1]) // 2 * 2 + 4)
    left, right = (
        max(0, int(columns[0]) // 2 * 2 - 2),
        min(touched.shape[1], int(columns[-1]) // 2 * 2 + 4),
    )
    here = np.s_[top:bottom, left:right]
    change, touched = change[here], touched[here]
    chroma = subsampled(change[..., 1:], layout)
    reached = touched
    if layout.down == 2:
        reached = reached[0::2] | reached[1::2]
    if layout.across == 2:
        reached = reached[:, 0::2] | reached[:, 1::2]
    out = []
    for index, plane in enumerate(planes):
        part = change[..., 0] if index == 0 else chroma[..., index - 1]
        where = touched if index == 0 else reached
        down, across = (1, 1) if index == 0 else (layout.down, layout.across)
        plane = plane.copy()
        region = plane[top // down : bottom // down, left // across : right // across]
        summed = np.rint(region + part * 2.0 ** (layout.bits - 8)).clip(0, 2**layout.bits - 1)
        region[where] = summed[where].astype(plane.dtype)
        out.append(plane)
    return tuple(out)


def subsampled(chroma: np.ndarray, layout: Layout) -> np.ndarray:
    """Chroma of the stored size. It sits on the left luma column and between two luma rows (MPEG-2)."""
    if layout.across == 2:
        before = np.concatenate([chroma[:, :1], chroma[:, 1:-1:2]], 1)
        chroma = (before + 2 * chroma[:, 0::2] + chroma[:, 1::2]) / 4
    if layout.down == 2:
        chroma = (chroma[0::2] + chroma[1::2]) / 2
    return chroma
