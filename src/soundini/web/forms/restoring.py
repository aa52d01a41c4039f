"""From a recipe back to the form that asks for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from soundini.config.presets import load_preset, preset_names, setting_names
from soundini.config.recipe import Recipe
from soundini.editing.request import SELF, keyed_path, read_request
from soundini.errors import ConfigError
from soundini.settings_files import read_json
from soundini.web.forms.forms import EditForm
from soundini.web.views import FileKind

_TOLD_APART = {
    "seed",
    "method",
    "region.dilate",
    "region.feather",
    "region.track",
}
"""Settings that have fields of their own in a form."""
Find = Callable[[FileKind, str], str | None]
"""The id of a visitor's own file by its kind and the sha256 of its bytes."""


def form_of(path: Path, find: Find) -> EditForm:
    """The form that asks for what a recipe says.

    Files are named where the visitor has them here. A polygon, a box in pixels, masks from files that are not here and
    settings of ``compute`` are left out.

    Args:
        path: a recipe that soundini wrote.
        find: looks for files.

    Raises:
        ConfigError: it is no recipe.
    """
    settings = read_request(path)
    recipe = settings["recipe"]
    preset = min(preset_names(), key=lambda name: (len(_differences(recipe, name)), name != "fast"))
    changed = [
        f"{name}={json.dumps(value)}"
        for name, value in _differences(recipe, preset).items()
        if name not in _TOLD_APART
    ]
    hashes = _hashes(path)
    video = find("video", hashes.get(str(settings.get("video", "")), "")) or ""
    sound = str(settings.get("sound", ""))
    if sound != SELF:
        sound = find("sound", hashes.get(sound, "")) or ""
    fields: dict[str, Any] = {
        "video": video,
        "sound": sound,
        "preset": preset,
        "settings": changed,
        "seed": recipe.seed,
        "method": recipe.method,
        "dilate": max(-512.0, min(512.0, recipe.region.dilate)),
        "feather": recipe.region.feather,
        "track": recipe.region.track,
        "start": settings.get("start"),
        "end": settings.get("end"),
        "masks": _painted(settings.get("mask", {}), hashes, find),
        **_shapes(settings.get("mask", {})),
    }
    try:
        return EditForm.model_validate(fields)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ConfigError(f"{path}: {where} is not what a form can hold; mend the file") from None


def output_hash(path: Path) -> str:
    """The sha256 of the video that a recipe was written beside; empty where it does not say."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return ""
    output = content.get("output") if isinstance(content, dict) else None
    found = output.get("sha256") if isinstance(output, dict) else None
    return found if isinstance(found, str) else ""


def is_video(path: Path) -> bool:
    """Whether a file that was taken as a recipe is a video."""
    with path.open("rb") as file:
        return not file.read(64).lstrip().startswith(b"{")


def _differences(recipe: Recipe, preset: str) -> dict[str, Any]:
    base = load_preset(preset)
    names = [name for name in setting_names() if not name.startswith("compute.")]
    pairs = ((name, _value(recipe, name), _value(base, name)) for name in names)
    return {name: here for name, here, there in pairs if here != there}


def _value(recipe: Recipe, name: str) -> Any:
    value: Any = recipe
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _hashes(path: Path) -> dict[str, str]:
    """sha256 of the recipe's inputs by their paths as :func:`read_request` gives them."""
    content = read_json(path)
    inputs = content.get("inputs") if isinstance(content, dict) else None
    pairs = inputs.items() if isinstance(inputs, dict) else ()
    return {os.path.normpath(path.parent / k): v for k, v in pairs if isinstance(v, str)}


def _painted(mask: dict[str, Any], hashes: dict[str, str], find: Find) -> list[dict[str, Any]]:
    """The painted masks that the visitor has here."""
    named = (keyed_path(text) for text in mask.get("paths", ()))
    found = ((frame or 0, find("mask", hashes.get(str(path), ""))) for frame, path in named)
    return [{"frame": frame, "file": file} for frame, file in found if file is not None]


def _shapes(mask: dict[str, Any]) -> dict[str, Any]:
    """The shapes of a mask that are told in fractions of the frame."""
    shapes: dict[str, Any] = {"whole_frame": bool(mask.get("whole_frame"))}
    for name in ("box", "ellipse"):
        numbers = _numbers(mask.get(name))
        if len(numbers) == 4 and max(map(abs, numbers)) <= 1 and "." in str(mask.get(name)):
            shapes[name] = numbers
    return shapes


def _numbers(text: object) -> list[float]:
    try:
        return [float(part) for part in str(text).split(",")]
    except ValueError:
        return []
