"""The alpha channel of videos."""

from typing import cast

import av
import av.codec.codec
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that know the alpha channel beside a stream of WebM; FFmpeg's own do not."""


def alpha_of(frame: AvFrame) -> np.ndarray | None:
    """The alpha channel of a decoded frame; None where it has none.

    Shape:
        returns ``uint8 [H, W]``.
    """
    if not any(component.is_alpha for component in frame.format.components):
        return None
    return np.ascontiguousarray(frame.to_ndarray(format="rgba")[..., 3])


def alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """A decoder that keeps a stream's alpha channel, if the usual decoder drops it; else None."""
    name = _DECODERS.get(stream.codec_context.name)
    marked = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
    if name is None or marked != "1":
        return None
    try:
        decoder = cast("VideoCodecContext", av.CodecContext.create(name, "r"))
    except av.codec.codec.UnknownCodecError:
        return None
    decoder.extradata = stream.codec_context.extradata
    return decoder
