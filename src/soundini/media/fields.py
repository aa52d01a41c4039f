"""Fields: the two halves of an interlaced frame, of every other row, which were filmed one after the other."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast

import av.error
import av.filter
from av.video.frame import VideoFrame as AvFrame

from soundini.media.orientation import Orientation
from soundini.media.planes import COMMON, RGB, Layout

if TYPE_CHECKING:
    from soundini.media.video_info import VideoInfo

FieldOrder = Literal["tff", "bff"]
"""Which field comes first: that of the top row, or that of the second."""


def field_order(frame: AvFrame) -> FieldOrder | None:
    """Which field of a decoded frame comes first; None where it has none."""
    if not frame.interlaced_frame:
        return None
    try:
        graph = _graph(frame, "select", "eq(interlace_type,TOPFIRST)")
        graph.push(frame)
        graph.pull()
    except av.error.FFmpegError:  # nothing comes out if the other field is first
        return "bff"
    return "tff"


def written_fields(info: VideoInfo, pixel_format: str | None) -> FieldOrder | None:
    """The field order in which an edit of a video is written.

    Args:
        info: the source.
        pixel_format: what is written; None for the common one.

    Returns:
        None if the source has no fields, or the output cannot hold them: rotated pictures, RGB, and heights that would give a
        field no whole number of chroma rows.
    """
    name = pixel_format or COMMON
    if name == RGB or info.orientation != Orientation():
        return None
    return info.fields if info.height % (2 * Layout.of(name).down) == 0 else None


class FieldMark:
    """Marks frames with the field that comes first, as an encoder needs it.

    Args:
        order: of the fields.
    """

    def __init__(self, order: FieldOrder) -> None:
        self._order = order
        self._graph: av.filter.Graph | None = None

    def mark(self, frame: AvFrame) -> AvFrame:
        """The same picture with its fields; all frames have one size and pixel format."""
        if self._graph is None:
            self._graph = _graph(frame, "setparams", f"field_mode={self._order}")
        self._graph.push(frame)
        return cast("AvFrame", self._graph.pull())


def _graph(frame: AvFrame, name: str, settings: str) -> av.filter.Graph:
    graph = av.filter.Graph()
    given = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 25),
    )
    done, out = graph.add(name, settings), graph.add("buffersink")
    given.link_to(done)
    done.link_to(out)
    graph.configure()
    return graph
