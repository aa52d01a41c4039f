"""Recipes that carry their masks, so that they work on another machine."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from soundini.editing.request import EditRequest, keyed_path
from soundini.media.output import check_target, write_whole
from soundini.settings_files import read_json

_MASKS = "carried_masks"
"""Key of a recipe that holds its masks: pictures in base64, by their sha256."""


def with_masks(path: Path) -> str:
    """A recipe in JSON that includes the pictures of its masks, as far as they exist.

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


def input_hashes(path: Path) -> dict[str, str]:
    """sha256 of a recipe's inputs by their paths as :func:`~soundini.editing.request.read_request` gives them."""
    content = read_json(path)
    inputs = content.get("inputs") if isinstance(content, dict) else None
    pairs = inputs.items() if isinstance(inputs, dict) else ()
    return {os.path.normpath(path.parent / k): v for k, v in pairs if isinstance(v, str)}


def unpack_masks(request: EditRequest, recipe: Path) -> EditRequest:
    """The same edit; masks whose own files are missing are written beside the output from the recipe.

    Args:
        request: what is to be done, as its recipe tells.
        recipe: the recipe, which was read before.

    Raises:
        MediaError: a mask cannot be written.
    """
    if all(keyed_path(text)[1].exists() for text in request.mask.paths):
        return request
    carried, hashes = masks_in(recipe), input_hashes(recipe)

    def found(text: str) -> str:
        frame, path = keyed_path(text)
        sha256 = hashes.get(str(path), "")
        if path.exists() or sha256 not in carried:
            return text
        copy = request.output.with_suffix(f".mask-{sha256[:8]}.png")
        if not copy.is_file() or copy.read_bytes() != carried[sha256]:
            check_target(copy, request.inputs)
            write_whole(copy, carried[sha256])
        return str(copy) if frame is None else f"{frame}={copy}"

    paths = tuple(map(found, request.mask.paths))
    return request.model_copy(update={"mask": request.mask.model_copy(update={"paths": paths})})
