"""What an edit of files needs to know, and the record it leaves beside its output."""

import json
import os
import platform
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from soundini._version import __version__
from soundini.config.presets import recipe_from
from soundini.config.recipe import Recipe
from soundini.config.section import Section
from soundini.errors import ConfigError
from soundini.media.output import write_whole
from soundini.settings_files import read_json

_FRAME = re.compile("[0-9]{1,9}")
SELF = "self"
"""As a sound: the audio track of the video that is edited."""


class MaskRequest(Section):
    """Where the mask comes from: exactly one of the ways. White is what is edited.

    Args:
        paths: a still image, a video or a folder of images; or several ``frame=path`` keyframes.
        box: ``x,y,w,h`` in pixels, or in fractions of the frame.
        ellipse: ``cx,cy,rx,ry``.
        polygon: ``x1,y1,x2,y2,...``.
        whole_frame: edit everything.
    """

    paths: tuple[str, ...] = ()
    box: str | None = None
    ellipse: str | None = None
    polygon: str | None = None
    whole_frame: bool = False


class EditRequest(Section):
    """An edit of one video file.

    Args:
        video: the video.
        sound: an audio file, any video with an audio track, or ``self``.
        output: the MP4 to write.
        mask: where to edit.
        recipe: all settings.
        models: ``embedded``, ``debug`` or a pack's folder.
        start: first frame (``"48"``) or time (``"2.0s"``) of the part to edit.
        end: one past the last frame, or time.
    """

    video: Path
    sound: str
    output: Path
    mask: MaskRequest
    recipe: Recipe = Recipe()
    models: str = "embedded"
    start: str | None = None
    end: str | None = None

    @property
    def sound_path(self) -> Path:
        """The file the sound is read from."""
        return self.video if self.sound == SELF else Path(self.sound)

    @property
    def inputs(self) -> list[Path]:
        """Everything that is read: the video, the sound, the masks."""
        masks = [keyed_path(text)[1] for text in self.mask.paths]
        return [self.video, self.sound_path, *masks]


def sidecar_path(output: Path) -> Path:
    """Where the record of an output lies: ``out.mp4`` -> ``out.recipe.json``."""
    return output.with_suffix(".recipe.json")


def versions() -> dict[str, str]:
    """Versions of what the bytes of an output depend on."""
    packages = (
        "torch",
        "torchvision",
        "diffusers",
        "numpy",
        "av",
        "opencv-python-headless",
        "soxr",
    )
    return {
        "soundini": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **{name: version(name) for name in packages},
    }


def write_sidecar(
    request: EditRequest, inputs: Mapping[str, str], record: Mapping[str, Any], token: str = ""
) -> Path:
    """Write settings, versions, hashes of the inputs and figures beside the output, by atomic rename.

    Paths are written as seen from its folder, so that it is understood from wherever it is used.
    """
    path = sidecar_path(request.output)
    settings = _with_paths(
        request.model_dump(mode="json"), lambda name: _seen_from(path.parent, name)
    )
    hashes = {_seen_from(path.parent, name): digest for name, digest in inputs.items()}
    content = {"request": settings, "versions": versions(), "inputs": hashes, **record}
    write_whole(path, json.dumps(content, indent=1) + "\n", token)
    return path


def absolute(request: EditRequest) -> EditRequest:
    """The same edit with every path absolute, so that it is understood from any folder."""
    settings = _with_paths(request.model_dump(mode="json"), lambda name: str(Path(name).absolute()))
    return EditRequest.model_validate(settings)


def moved(request: EditRequest, before: Path, after: Path) -> EditRequest:
    """The same edit where a folder that all its paths lie in has another place.

    Args:
        request: the edit, with absolute paths.
        before: the folder they lie in.
        after: where it is.
    """
    if before == after:
        return request
    settings = _with_paths(
        request.model_dump(mode="json"), lambda name: str(after / Path(name).relative_to(before))
    )
    return EditRequest.model_validate(settings)


def read_request(path: Path) -> dict[str, Any]:
    """The ``request`` of a sidecar, or the recipe of a plain recipe file, as ``{"recipe": Recipe, ...}``.

    Raises:
        ConfigError: the file is not there, or is neither.
    """
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            "cannot read the recipe {file}: {why}; name a .recipe.json that soundini wrote",
            file=path,
            why=error,
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(
            "{file} holds no settings; name a .recipe.json that soundini wrote", file=path
        )
    if "request" not in content:
        return {"recipe": recipe_from(content)}
    if not isinstance(content["request"], dict):
        raise ConfigError("{file}: request is wrong; mend the file", file=path)
    settings = dict(content["request"])
    settings["recipe"] = recipe_from(settings.get("recipe", {}))
    try:
        EditRequest.model_validate(settings)
    except ValidationError as error:
        where = ".".join(str(p) for p in error.errors()[0]["loc"])
        raise ConfigError(
            "{file}: {where} is missing or wrong; mend the file", file=path, where=where
        ) from None
    return _with_paths(settings, lambda name: os.path.normpath(path.parent / name))


def keyed_path(text: str) -> tuple[int | None, Path]:
    """The frame and the file of a mask: ``48=b.png`` -> 48, ``b.png``; ``b.png``, and a file of the whole name -> None, it."""
    head, equals, tail = text.partition("=")
    if equals and _FRAME.fullmatch(head) and not os.path.lexists(text):
        return int(head), Path(tail)
    return None, Path(text)


def _with_paths(settings: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The settings of a request with every path in them changed."""
    changed: dict[str, Any] = {name: change(settings[name]) for name in ("video", "output")}
    if settings["sound"] != SELF:
        changed["sound"] = change(settings["sound"])
    models = settings.get("models", "embedded")
    if "/" in models or os.sep in models:
        changed["models"] = change(models)
    masks = [keyed_path(text) for text in settings["mask"].get("paths", ())]
    paths = [("" if n is None else f"{n}=") + change(str(file)) for n, file in masks]
    return {**settings, **changed, "mask": {**settings["mask"], "paths": paths}}


def _seen_from(folder: Path, name: str) -> str:
    try:
        return os.path.relpath(name, folder)
    except ValueError:  # on another drive
        return str(Path(name).absolute())
