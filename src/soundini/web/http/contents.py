"""Files and pictures as replies; a browser runs none of them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import FileResponse, StreamingResponse

from soundini.web.files.recipe_box import film_with

if TYPE_CHECKING:
    import numpy as np

_SANDBOX = {
    "content-security-policy": "default-src 'none'; media-src 'self'; sandbox",
    "cache-control": "private, no-cache",
}
"""Uploads are never run as a page."""
_LONGEST_NAME = 80
_MEDIA_TYPES = {
    b"ftyp": "video/mp4",
    b"\x1aE\xdf\xa3": "video/webm",
    b"RIFF": "audio/wav",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
    b"ID3": "audio/mpeg",
}


def film_reply(path: Path, name: str = "") -> FileResponse:
    """An MP4 of ours, to be played.

    Args:
        path: where it lies.
        name: to save it under, without its suffix; "" for the name in its address.
    """
    return FileResponse(
        path,
        media_type="video/mp4",
        filename=f"{name}.mp4" if name else None,
        content_disposition_type="inline",
        headers=_SANDBOX,
    )


def saved_film_reply(path: Path, box: bytes, name: str) -> StreamingResponse:
    """An MP4 of ours with a box appended, as a download.

    Args:
        path: where it lies.
        box: bytes to append.
        name: to save it under, without its suffix.
    """
    length = {"content-length": str(path.stat().st_size + len(box))}
    return StreamingResponse(
        film_with(path, box),
        media_type="video/mp4",
        headers={**_SANDBOX, **_saved_as(f"{name}.mp4"), **length},
    )


def _saved_as(name: str) -> dict[str, str]:
    quoted = quote(name)
    told = f'filename="{name}"' if quoted == name else f"filename*=utf-8''{quoted}"
    return {"content-disposition": f"attachment; {told}"}


def name_for(label: str) -> str:
    """Name under which the files of a job are saved: ``sea.mp4 + fire.wav`` becomes ``sea-fire``."""
    stems = [re.sub(r"\.\w{2,5}$", "", part.strip()) for part in label.split(" + ")]
    kept = (re.sub(r"[^\w.-]+", "-", stem).strip("-.") for stem in stems)
    return "-".join(filter(None, kept))[:_LONGEST_NAME] or "edit"


def recipe_reply(recipe: str, name: str) -> Response:
    """A recipe in JSON, as a download."""
    headers = {**_SANDBOX, **_saved_as(name)}
    return Response(recipe, media_type="application/json", headers=headers)


def file_reply(path: Path) -> FileResponse:
    """A visitor's file: to play if a browser can play its kind, else as a download."""
    return FileResponse(path, media_type=_media_type(path), headers=_SANDBOX)


def drawn_reply(jpeg: bytes) -> Response:
    """A picture that is JPEG already."""
    return Response(jpeg, media_type="image/jpeg", headers=_SANDBOX)


def picture_reply(picture: np.ndarray) -> Response:
    """A picture as PNG.

    Shape:
        ``picture``: ``uint8 [H, W, 3]``.
    """
    return _encoded(picture, "PNG", compress_level=1)


def photograph_reply(picture: np.ndarray) -> Response:
    """A picture as JPEG, small enough for many on a page.

    Shape:
        ``picture``: ``uint8 [H, W, 3]``.
    """
    return _encoded(picture, "JPEG", quality=80)


def _encoded(picture: np.ndarray, kind: str, **options: int) -> Response:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(picture).save(data, format=kind, **options)
    return Response(data.getvalue(), media_type=f"image/{kind.lower()}", headers=_SANDBOX)


def _media_type(path: Path) -> str:
    """Media type of a file that a browser plays; all other files are downloads."""
    if path.suffix == ".png":
        return "image/png"
    with path.open("rb") as file:
        head = file.read(16)
    kinds = (kind for mark, kind in _MEDIA_TYPES.items() if mark in (head[: len(mark)], head[4:8]))
    return next(kinds, "application/octet-stream")
