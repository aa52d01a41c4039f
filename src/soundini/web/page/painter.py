"""The painter: a frame, one layer of one colour on it, keyframes.

Gradio's ImageEditor is not used: it sends the frame back with every stroke, has no box and no ellipse, cannot be reached
with the keyboard, and speaks the browser's language, not the page's.
"""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
from typing import Any

import cv2
import gradio as gr
import numpy as np
from PIL import Image

from soundini.errors import MaskError
from soundini.masks.pictures import picture_size
from soundini.masks.sources import read_mask_image
from soundini.media.limits import MAX_PIXELS
from soundini.web.page.draft import Draft
from soundini.web.page.parts import part
from soundini.web.page.texts import Texts
from soundini.web.service import EditService

_HEAD = "data:image/png;base64,"
_LABEL = "painted.png"
_LONGEST_SIDE = 1280
"""Pixels of a frame as it is shown; what is painted on it has the video's own size."""
_OPAQUE = 128
_WHITE = 0.5


def painter(texts: Texts) -> gr.HTML:
    """The painter; it triggers ``submit`` with what is to be done to a keyframe, and its value is what is painted."""
    return part(
        "painter",
        '<div class="painter"></div>',
        {},
        texts=texts.group("paint"),
        scene={},
        keyframes=[],
    )


def scene(service: EditService, owner: str, draft: Draft, *, reset: bool = False) -> dict[str, Any]:
    """What the painter shows of a draft: the frame, and the mask that was painted on it.

    Args:
        service: reads the video.
        owner: whose.
        draft: the video, the frame and the keyframes.
        reset: whether what is painted now belongs to something else.

    Raises:
        SoundiniError: the frame or the mask cannot be read.
    """
    if draft.video is None:
        return {}
    facts = service.video_facts(owner, draft.video)
    rgb = service.frame(owner, draft.video, draft.frame)
    mask = draft.keyframes.get(draft.frame)
    return {
        "sequence": secrets.token_hex(8),
        "video": draft.video,
        "frame": draft.frame,
        "frames": facts.frames,
        "rate": facts.frame_rate,
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "picture": picture_url(rgb),
        "mask": _mask_url(service, owner, mask) if mask is not None else "",
        "reset": reset,
    }


def kept(
    texts: Texts, service: EditService, owner: str, draft: Draft, painted: Any
) -> tuple[Draft, str | None]:
    """Keep what is painted as a file.

    Args:
        texts: the words of what may be wrong.
        service: keeps it.
        owner: whose.
        draft: knows what was kept last.
        painted: the painter's value.

    Returns:
        The draft that knows of it, and the file's id; None where nothing is painted.

    Raises:
        MaskError: it is no picture.
        SoundiniError: it cannot be kept.
    """
    data = painted.get("mask") if isinstance(painted, dict) else None
    if not data:
        return draft, None
    digest = hashlib.sha256(str(data).encode()).hexdigest()
    if draft.painted is not None and draft.painted[0] == digest:
        return draft, draft.painted[1]
    file = service.add_file(owner, "mask", io.BytesIO(_png(texts, data)), _LABEL)
    return draft.with_(painted=(digest, file.id)), file.id


def picture_url(rgb: np.ndarray) -> str:
    """A picture as an address that holds it, no larger than is looked at.

    Shape:
        ``rgb``: ``uint8 [H, W, 3]``.
    """
    share = _LONGEST_SIDE / max(rgb.shape[:2])
    if share < 1:
        rgb = cv2.resize(rgb, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def _mask_url(service: EditService, owner: str, mask: str) -> str:
    """A kept mask as the painter draws it: its colour where the mask is white or opaque, else nothing."""
    path = service.file(owner, mask).path
    width, height = picture_size(path)
    white = read_mask_image(path, (height, width)) >= _WHITE
    rgba = np.zeros((*white.shape, 4), np.uint8)
    rgba[white] = (255, 96, 0, 255)
    out = io.BytesIO()
    Image.fromarray(rgba).save(out, "PNG")
    return _HEAD + base64.b64encode(out.getvalue()).decode()


def _png(texts: Texts, data: Any) -> bytes:
    """White where the paint is opaque: the edge of a brush is a hard one, the recipe feathers it."""
    try:
        if not isinstance(data, str) or not data.startswith(_HEAD):
            raise ValueError
        content = base64.b64decode(data[len(_HEAD) :], validate=True)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError
            alpha = np.asarray(opened.convert("RGBA"))[..., 3]
    except Exception:  # a damaged picture fails in the decoder, in any way a decoder can
        raise MaskError(texts["need.picture"]) from None
    out = io.BytesIO()
    Image.fromarray(np.where(alpha >= _OPAQUE, 255, 0).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
