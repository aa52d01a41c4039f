"""Edits a video file from Python, in one call."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from pydantic import ValidationError, validate_call

from soundini.config.presets import load_preset
from soundini.config.recipe import Recipe
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.request import EditRequest, MaskRequest, sidecar_path
from soundini.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")


def _checked(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse misspelt arguments and arguments of the wrong type, in one line."""
    validated = validate_call(function)
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            near = [difflib.get_close_matches(n, signature.parameters, 1, 0.0)[0] for n in kwargs]
            meant = [n for n in near if n not in kwargs]
            hint = f"; there is {meant[0]}" if meant else ""
            raise ConfigError(
                "{name}: {why}{hint}", name=function.__name__, why=error, hint=hint
            ) from None
        try:
            return validated(*args, **kwargs)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            declared = signature.parameters[name].annotation
            raise ConfigError(
                "{function}: {name} is {value!r}; it takes {declared}",
                function=function.__name__,
                name=name,
                value=given[name],
                declared=declared,
            ) from None

    return call


@_checked
def edit_file(
    video: str | Path,
    sound: str | Path,
    output: str | Path,
    *,
    mask: str | Path | Mapping[int, str | Path] | None = None,
    box: str | Sequence[float] | None = None,
    ellipse: str | Sequence[float] | None = None,
    polygon: str | Sequence[float] | None = None,
    whole_frame: bool = False,
    start: int | float | str | None = None,
    end: int | float | str | None = None,
    preset: str | None = None,
    recipe: Recipe | None = None,
    seed: int | None = None,
    strength: float | None = None,
    heard_as: str | None = None,
    models: str | Path = "embedded",
) -> Path:
    """Edit a video file, as ``soundini edit`` does.

    Give exactly one of ``mask``, ``box``, ``ellipse``, ``polygon`` and ``whole_frame``.

    Args:
        video: any video that FFmpeg reads.
        sound: an audio file, a video with an audio track, or ``"self"`` for the video's own.
        output: the MP4 to write.
        mask: a still image, a video or a folder of images, white = edit; or stills by their frame, ``{0: "a.png", 48: "b.png"}``.
        box: x, y, width and height in pixels, or in fractions of the frame.
        ellipse: centre x, centre y, radius x, radius y.
        polygon: x1, y1, x2, y2, ...
        whole_frame: edit everything.
        start: where the edit begins: a frame as an ``int`` (48), seconds as a ``float`` (2.0), or either as text
            (``"48"``, ``"2.0s"``). None: at the first frame.
        end: where it ends, likewise; the frame is not included. None: at the last frame.
        preset: name of the settings, ``"fast"`` if neither this nor ``recipe`` is given.
        recipe: settings, instead of a preset; see :class:`soundini.Recipe`.
        seed: overrides the settings' seed, 0 or more.
        strength: overrides ``guidance.strength``.
        heard_as: what the sound is (``"rain"``), overrides ``sound.heard_as``.
        models: ``"embedded"``, ``"debug"`` or a pack's folder.

    Returns:
        The path of the recipe written beside the output.

    Raises:
        SoundiniError: an argument is wrong or an input cannot be used; the message says what to do, in one line.

    Example:
        >>> from soundini import edit_file
        >>> edit_file(
        ...     "street.mp4", "fire.wav", "burning.mp4", box=(0.2, 0.2, 0.6, 0.6), end=3, models="debug"
        ... ).name
        'burning.recipe.json'
    """
    request = EditRequest(
        video=Path(video),
        sound=str(sound),
        output=Path(output),
        mask=MaskRequest(
            paths=_mask_paths(mask),
            box=_shape(box),
            ellipse=_shape(ellipse),
            polygon=_shape(polygon),
            whole_frame=whole_frame,
        ),
        recipe=_settings(preset, recipe, seed, strength, heard_as),
        models=str(models),
        start=_bound(start),
        end=_bound(end),
    )
    for _ in run_edit(prepare_edit(request)):
        pass
    return sidecar_path(request.output)


def _settings(
    preset: str | None,
    recipe: Recipe | None,
    seed: int | None,
    strength: float | None,
    heard_as: str | None,
) -> Recipe:
    if preset is not None and recipe is not None:
        raise ConfigError("there are a preset and a recipe; give one of them")
    settings = load_preset(preset or "fast") if recipe is None else recipe
    given = {"seed": seed, "guidance__strength": strength, "sound__heard_as": heard_as}
    return settings.replace(**{name: v for name, v in given.items() if v is not None})


def _mask_paths(mask: str | Path | Mapping[int, str | Path] | None) -> tuple[str, ...]:
    if mask is None:
        return ()
    if isinstance(mask, Mapping):
        return tuple(f"{frame}={path}" for frame, path in mask.items())
    return (str(mask),)


def _shape(shape: str | Sequence[float] | None) -> str | None:
    """A shape as it is written: ``24,12,40,40``."""
    if shape is None or isinstance(shape, str):
        return shape
    return ",".join(str(value) for value in shape)


def _bound(bound: int | float | str | None) -> str | None:
    """A frame or a time as it is written: ``48``, ``2.0s``."""
    if isinstance(bound, float):
        return f"{bound:.6f}".rstrip("0").rstrip(".") + "s"
    return None if bound is None else str(bound)
