"""From a recipe back to the form that asks for it."""

from __future__ import annotations

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
from soundini.web.forms.shapes import first_frame, paint, shares_of
from soundini.web.views import FileKind, Restored

if TYPE_CHECKING:
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
