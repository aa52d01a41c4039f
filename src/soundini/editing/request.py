"""What an edit of files needs to know, and the record it leaves beside its output."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from soundini._version import __version__
from soundini.config.presets import recipe_from
from soundini.config.recipe import Recipe
from soundini.errors import ConfigError
from soundini.media.output import PartialFile

SELF = "self"
"""As a sound: the audio track of the video that is edited."""


class MaskRequest(BaseModel):
    """Where the mask comes from: exactly one of the ways. White is what is edited.

    Args:
        paths: a still image, a video or a folder of images; or several ``frame=path`` keyframes.
        box: ``x,y,w,h`` in pixels, or in fractions of the frame.
        ellipse: ``cx,cy,rx,ry``.
        polygon: ``x1,y1,x2,y2,...``.
        whole_frame: edit everything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: tuple[str, ...] = ()
    box: str | None = None
    ellipse: str | None = None
    polygon: str | None = None
    whole_frame: bool = False


class EditRequest(BaseModel):
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

    model_config = ConfigDict(extra="forbid", frozen=True)

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


def write_sidecar(request: EditRequest, record: dict[str, Any]) -> Path:
    """Write settings, versions, hashes and figures beside the output, by atomic rename."""
    path = sidecar_path(request.output)
    content = {"request": request.model_dump(mode="json"), "versions": versions(), **record}
    with PartialFile(path) as file:
        file.partial.write_text(json.dumps(content, indent=1) + "\n")
        file.commit()
    return path


def read_request(path: Path) -> dict[str, Any]:
    """The ``request`` of a sidecar, or the recipe of a plain recipe file, as ``{"recipe": Recipe, ...}``.

    Raises:
        ConfigError: the file is not there, or is neither.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot read the recipe {path}: {error}; name a .recipe.json that soundini wrote"
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no settings; name a .recipe.json that soundini wrote")
    if "request" not in content:
        return {"recipe": recipe_from(content)}
    settings = dict(content["request"])
    settings["recipe"] = recipe_from(settings.get("recipe", {}))
    try:
        EditRequest.model_validate(settings)
    except ValidationError as error:
        where = ".".join(str(p) for p in error.errors()[0]["loc"])
        raise ConfigError(f"{path}: {where} is missing or wrong; mend the file") from None
    return settings
