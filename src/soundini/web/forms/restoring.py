"""From a recipe back to the form that asks for it; its shapes in shares of the frame, or painted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from soundini.config.presets import differences, preset_names
from soundini.editing.carried_masks import input_hashes, masks_in
from soundini.editing.request import SELF, keyed_path, read_request, sidecar_path
from soundini.errors import ConfigError
from soundini.settings_files import read_json
from soundini.web.files.inspecting import in_labels
from soundini.web.files.recipe_box import recipe_file
from soundini.web.files.uploads import Uploads
from soundini.web.form import EditForm
from soundini.web.views import FileKind, Restored

if TYPE_CHECKING:
    import numpy as np

    from soundini.masks.shapes import ShapeKind

_TOLD_APART = {
    "seed",
    "method",
    "region.dilate",
    "region.feather",
    "region.track",
    "sound.heard_as",
}
"""Settings that are fields of the form."""
_LABEL = "mask.png"
_COMPUTE = "compute."
"""Settings that are the server's to choose."""
_MOST_DILATED = 512.0
_SHAPES: tuple[ShapeKind, ...] = ("box", "ellipse", "polygon")
Find = Callable[[FileKind, object], str]
"""Returns the id of the visitor's file for a kind and a name in the recipe; empty if the visitor has none."""
_SHAPE_LABEL = "shape.png"
_EVERYWHERE = 0.5
"""If a mask is above this everywhere, the whole frame is edited instead: mask files that are all white are refused."""


def restored(
    uploads: Uploads,
    key: str,
    file_id: str,
    done: Iterable[tuple[Path, EditForm]],
    models: str,
) -> Restored:
    """Restore the form from an uploaded recipe, or from an uploaded video that carries one or was made here.

    Args:
        uploads: the visitor's files; painted masks are added to them.
        key: of the visitor's session.
        file_id: of the recipe or the video.
        done: the visitor's finished edits: the video that was written, and the form that asked for it.
        models: the server's model pack.

    Raises:
        ConfigError: it is no recipe, or a video that carries none and was not made here.
        MaskError: a shape in it is invalid.
    """
    stored, sha256 = uploads.find(key, file_id), uploads.about(key, file_id).sha256
    with recipe_file(stored.path) as recipe:
        made = "" if recipe is None else _output_hash(recipe)
        for video, form in done:
            if _output_hash(sidecar_path(video)) in {sha256, made} - {""}:
                return Restored(form=form)
        if recipe is None:
            raise ConfigError(
                "{file} was not made here; drop its .recipe.json instead", file=stored.label
            )
        with in_labels({recipe: stored.label}):
            return _restored(recipe, uploads, key, models)


def _restored(path: Path, uploads: Uploads, key: str, models: str) -> Restored:
    """The form of a recipe.

    It names the files that the visitor has here. If the video is among them, boxes and ellipses in pixels become shares of
    its frame, and other shapes are painted.
    """
    settings = read_request(path)
    recipe = settings["recipe"]
    preset = min(preset_names(), key=lambda name: (len(differences(recipe, name)), name != "fast"))
    others = differences(recipe, preset)
    changed = [f"{n}={json.dumps(v)}" for n, v in others.items() if _is_free(n)]
    left_out = [name for name in others if name.startswith(_COMPUTE)]
    hashes, carried = input_hashes(path), masks_in(path)

    def find(kind: FileKind, name: object) -> str:
        sha256 = hashes.get(str(name), "")
        found = uploads.by_hash(key, sha256, kind)
        if found is None and kind == "mask" and sha256 in carried:
            found = uploads.add(key, kind, io.BytesIO(carried[sha256]), _LABEL).id
        return found or ""

    video, sound = find("video", settings.get("video")), str(settings.get("sound", ""))
    sound = sound if sound == SELF else find("sound", sound)
    dilate = max(-_MOST_DILATED, min(_MOST_DILATED, recipe.region.dilate))
    mask, whole = _mask(settings, find, uploads, key, video)
    if dilate != recipe.region.dilate:
        left_out.append("region.dilate")
    if settings.get("models", models) != models:
        left_out.append("models")
    named = {"video": video, "sound": sound, "mask": whole}
    missing = [name for name, found in named.items() if name in settings and not found]
    fields: dict[str, Any] = {
        "video": video,
        "sound": sound,
        "preset": preset,
        "settings": changed,
        "seed": recipe.seed,
        "method": recipe.method,
        "heard_as": recipe.sound.heard_as,
        "dilate": dilate,
        "feather": recipe.region.feather,
        "track": recipe.region.track,
        "start": settings.get("start"),
        "end": settings.get("end"),
        **mask,
    }
    try:
        form = EditForm.model_validate(fields)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ConfigError(
            "{file}: {where} is not what a form can hold; mend the file", file=path, where=where
        ) from None
    return Restored(form=form, left_out=(*missing, *left_out))


def _output_hash(path: Path) -> str:
    """The sha256 of the output that a recipe names; empty if it names none."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return ""
    output = content.get("output") if isinstance(content, dict) else None
    found = output.get("sha256") if isinstance(output, dict) else None
    return found if isinstance(found, str) else ""


def _mask(
    settings: dict[str, Any], find: Find, uploads: Uploads, key: str, video: str
) -> tuple[dict[str, Any], bool]:
    """The fields of a form that say where to edit, and whether they cover all that the recipe says."""
    from soundini.masks.shapes import shape_mask

    mask = settings.get("mask", {})
    if mask.get("whole_frame"):
        return {"whole_frame": True}, True
    size = uploads.facts(key, video).size if video else None
    for kind in _SHAPES:
        text = mask.get(kind)
        if text is None:
            continue
        shares = shares_of(kind, text, size)
        if shares is not None:
            return {kind: shares}, True
        if size is None:
            return {}, False
        first = first_frame(uploads, key, video, settings.get("start"))
        return paint(uploads, key, [(first, shape_mask(kind, text, size))]), True
    named = [keyed_path(text) for text in mask.get("paths", ())]
    found = [(frame or 0, find("mask", path)) for frame, path in named]
    masks = [{"frame": frame, "file": file} for frame, file in found if file]
    return {"masks": masks}, 0 < len(masks) == len(named)


def _is_free(name: str) -> bool:
    """Whether a setting belongs in the form's list of settings."""
    return name not in _TOLD_APART and not name.startswith(_COMPUTE)


def shares_of(kind: ShapeKind, text: str, size: tuple[int, int] | None) -> list[float] | None:
    """A box or an ellipse in shares of the frame; None if it is another shape, reaches too far, or the size is unknown.

    Args:
        kind: which shape.
        text: its numbers, in pixels or in shares, as ``soundini edit`` takes them.
        size: height and width of the video; None if the visitor does not have it here.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    if kind == "polygon" or len(numbers) != 4:
        return None
    if max(map(abs, numbers)) > 1 or "." not in text:
        if size is None:
            return None
        height, width = size
        if kind == "box":
            numbers = _clipped(numbers, width, height)
        numbers = [n / side for n, side in zip(numbers, (width, height) * 2, strict=True)]
    return numbers if max(map(abs, numbers)) <= 1 else None


def paint(uploads: Uploads, key: str, masks: Iterable[tuple[int, np.ndarray]]) -> dict[str, Any]:
    """Store masks as files, each once, and return the fields of a form that name them.

    Args:
        uploads: where they are stored.
        key: of the visitor's session.
        masks: each with its frame; float ``[H, W]`` in [0, 1].
    """
    from soundini.masks.pictures import mask_png

    kept: list[dict[str, Any]] = []
    for frame, mask in masks:
        if mask.min() > _EVERYWHERE:
            return {"masks": [], "whole_frame": True}
        data = mask_png(mask)
        file = uploads.by_hash(key, hashlib.sha256(data).hexdigest(), "mask")
        file = file or uploads.add(key, "mask", io.BytesIO(data), _SHAPE_LABEL).id
        kept.append({"frame": frame, "file": file})
    return {"masks": kept}


def first_frame(uploads: Uploads, key: str, video: str, start: str | None) -> int:
    """The first frame of a part, on which shapes are drawn.

    Raises:
        ConfigError: ``start`` is neither a frame nor a time.
    """
    if start is None:
        return 0
    from soundini.editing.part import part_of
    from soundini.media.video_reader import VideoReader

    with VideoReader(uploads.find(key, video).path) as reader:
        return part_of(reader, start, None)[0]


def _clipped(box: list[float], width: int, height: int) -> list[float]:
    """Clip a box in pixels to the frame."""
    left, top, wide, high = box
    right, bottom = min(left + wide, width), min(top + high, height)
    left, top = max(left, 0.0), max(top, 0.0)
    return [left, top, right - left, bottom - top]
