"""Recipes that carry their painted masks, so that they work in another session and on another machine."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from soundini.editing.request import keyed_path
from soundini.settings_files import read_json

_MASKS = "carried_masks"
"""Key of a recipe under which its masks stand: pictures in base64 by their sha256."""


def carried_masks(path: Path) -> str:
    """A recipe in JSON, with the pictures of its masks in it as far as they are there.

    Args:
        path: of the recipe, as the edit wrote it.
    """
    content: dict[str, Any] = read_json(path)
    named = content["request"]["mask"].get("paths", ())
    masks = {}
    for _, mask in map(keyed_path, named):
        file = path.parent / mask
        if file.is_file():
            data = file.read_bytes()
            masks[hashlib.sha256(data).hexdigest()] = base64.b64encode(data).decode()
    return json.dumps({**content, _MASKS: masks} if masks else content, indent=1)


def masks_in(path: Path) -> dict[str, bytes]:
    """The pictures that a recipe carries, by the sha256 of their bytes; what is damaged is left out.

    Args:
        path: of a recipe, or of another file, which carries none.
    """
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    told = content.get(_MASKS) if isinstance(content, dict) else None
    masks = {}
    for sha256, text in told.items() if isinstance(told, dict) else ():
        try:
            data = base64.b64decode(text, validate=True)
        except (TypeError, ValueError):
            continue
        if hashlib.sha256(data).hexdigest() == sha256:
            masks[sha256] = data
    return masks
