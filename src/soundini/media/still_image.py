"""Still images that FFmpeg knows and Pillow does not: JPEG XL, HEIC, OpenEXR, DPX, QOI, PSD and others."""

from pathlib import Path

import av.error
from av.video.frame import VideoFrame as AvFrame

from soundini.errors import MediaError
from soundini.media.limits import MAX_PIXELS
from soundini.media.opening import find_video, is_still, open_input, reason


def is_still_image(path: Path) -> bool:
    """Whether FFmpeg recognises a file as a single picture, even if it cannot decode it."""
    try:
        with open_input(path) as container:
            stream = find_video(container)
            name = container.format.name
            known = name.endswith("_pipe") or name in ("image2", "ico")
            return known or (stream is not None and is_still(container, stream))
    except MediaError:
        return False


def read_still_image(path: Path) -> AvFrame:
    """Decode the picture of a file.

    Args:
        path: a still image, see :func:`is_still_image`.

    Raises:
        MediaError: it cannot be decoded, or is too large.
    """
    with open_input(path) as container:
        stream = find_video(container)
        try:
            context = None if stream is None else stream.codec_context
            if (
                stream is not None
                and context is not None
                and context.width * context.height <= MAX_PIXELS
            ):
                for frame in container.decode(stream):
                    return frame
        except av.error.FFmpegError as error:
            raise MediaError(
                "{file}: cannot be decoded ({why}); save it again as PNG",
                file=path,
                why=reason(error),
            ) from None
    raise MediaError(
        "{file}: holds no picture that can be decoded; save it again as PNG", file=path
    )
