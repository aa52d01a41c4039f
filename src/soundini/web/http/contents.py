"""Files and pictures as replies, none of which a browser runs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Response
from fastapi.responses import FileResponse

if TYPE_CHECKING:
    import numpy as np

_SANDBOX = {
    "content-security-policy": "default-src 'none'; media-src 'self'; sandbox",
    "cache-control": "private, no-cache",
}
"""What visitors brought is never run as a page."""
_MEDIA_TYPES = {
    b"ftyp": "video/mp4",
    b"\x1aE\xdf\xa3": "video/webm",
    b"RIFF": "audio/wav",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
    b"ID3": "audio/mpeg",
}


def film_reply(path: Path, name: str = "", download: bool = False) -> FileResponse:
    """An MP4 of ours.

    Args:
        path: where it lies.
        name: what it is saved as, without its suffix; "" for the name in its address.
        download: whether a browser is to save it at once.
    """
    return FileResponse(
        path,
        media_type="video/mp4",
        filename=f"{name}.mp4" if name else None,
        content_disposition_type="attachment" if download else "inline",
        headers=_SANDBOX,
    )


def recipe_reply(path: Path, name: str) -> FileResponse:
    """A recipe, to be saved under a name."""
    return FileResponse(path, media_type="application/json", filename=name, headers=_SANDBOX)


def file_reply(path: Path) -> FileResponse:
    """A visitor's file, as what a browser may play it as, or as a download."""
    return FileResponse(path, media_type=_media_type(path), headers=_SANDBOX)


def picture_reply(picture: np.ndarray) -> Response:
    """A picture as PNG.

    Shape:
        ``picture``: ``uint8 [H, W, 3]``.
    """
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG", compress_level=1)
    return Response(data.getvalue(), media_type="image/png", headers=_SANDBOX)


def _media_type(path: Path) -> str:
    """What a browser may play it as; a download where it may not."""
    if path.suffix == ".png":
        return "image/png"
    with path.open("rb") as file:
        head = file.read(16)
    kinds = (kind for mark, kind in _MEDIA_TYPES.items() if mark in (head[: len(mark)], head[4:8]))
    return next(kinds, "application/octet-stream")
