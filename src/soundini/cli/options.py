"""Options that several commands share, declared once."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, UseAppendAction, arg

from soundini.cli.settings import describe, values_of
from soundini.config.presets import load_preset, override, preset_of
from soundini.config.recipe import Recipe
from soundini.config.section import walk_settings
from soundini.editing.request import EditRequest, MaskRequest, read_request
from soundini.errors import ConfigError

MASK_FLAGS = {
    "mask_label": "region.label",
    "track": "region.track",
    "dilate": "region.dilate",
    "feather": "region.feather",
    "invert": "region.invert",
}
EDIT_FLAGS = {
    "seed": "seed",
    "method": "method",
    "strength": "guidance.strength",
    "text": "guidance.text",
    "text_weight": "guidance.lambda_text",
    "noise": "sampling.noise",
    "heard_as": "sound.heard_as",
    "sound_track": "sound.track",
    "envelope": "sound.envelope",
    "gain": "sound.gain",
    "audio": "output.audio",
    "stride": "window.stride",
    "device": "compute.device",
    "memory": "compute.memory",
}
"""Flags that are short for ``--set``: flag -> setting."""

_CHOICE = "|"


def _flags(name: str, flags: dict[str, str]) -> type:
    """Make a dataclass of optional flags; types and help are those of the settings."""
    settings = dict(walk_settings(Recipe))
    fields: list[tuple[str, Any, Any]] = []
    for flag, key in flags.items():
        field = settings[key]
        kind: Any = field.annotation
        text = f"{describe(field)} (--set {key})"
        if kind is bool:
            kind = FlagCreatePairsOff[Annotated[bool, arg(help=text, help_behavior_hint="")]]
            fields.append((flag, kind, False))
        else:
            names = values_of(field)
            metavar = names if _CHOICE in names else kind.__name__.upper()
            option = arg(help=text, help_behavior_hint="", metavar=metavar)
            fields.append((flag, Annotated[kind | None, option], None))
    return dataclasses.make_dataclass(name, fields, frozen=True)


if TYPE_CHECKING:

    @dataclass(frozen=True)
    class MaskFlags:
        """The flags of ``MASK_FLAGS``."""

    @dataclass(frozen=True)
    class EditFlags:
        """The flags of ``EDIT_FLAGS``."""
else:
    MaskFlags = _flags("MaskFlags", MASK_FLAGS)
    EditFlags = _flags("EditFlags", EDIT_FLAGS)


def assignments(*groups: MaskFlags | EditFlags) -> list[str]:
    """Return the given flags as assignments of ``--set``."""
    keys = MASK_FLAGS | EDIT_FLAGS
    given = ((f.name, getattr(g, f.name)) for g in groups for f in dataclasses.fields(g))
    return [f"{keys[n]}={json.dumps(v)}" for n, v in given if v is not None and v is not False]


def _option(metavar: str, *aliases: str) -> Any:
    return arg(metavar=metavar, aliases=aliases, help_behavior_hint="")


@dataclass(frozen=True)
class ClipOptions:
    """The video, and the part of it to edit."""

    video: Positional[Annotated[Path | None, _option("VIDEO")]] = None
    """Any video that FFmpeg reads."""
    start: Annotated[str | None, _option("48|2.0s")] = None
    """First frame of the part to edit, as a number or in seconds."""
    end: Annotated[str | None, _option("96|4.0s")] = None
    """One past the last frame, or seconds."""


@dataclass(frozen=True)
class MaskOptions:
    """Where to edit: exactly one of these."""

    mask: UseAppendAction[Annotated[tuple[str, ...], _option("PATH|FRAME=PATH", "-m")]] = ()
    """Image, video or folder of images, white = edit; or stills: -m 0=a.png -m 48=b.png."""
    box: Annotated[str | None, _option("X,Y,W,H")] = None
    """Rectangle, in pixels or in fractions of the frame."""
    ellipse: Annotated[str | None, _option("CX,CY,RX,RY")] = None
    """Ellipse by its centre and radii, in pixels or fractions."""
    polygon: Annotated[str | None, _option("X1,Y1,X2,Y2,...")] = None
    """Polygon by its corners, in pixels or fractions."""
    whole_frame: FlagCreatePairsOff[bool] = False
    """Edit everything."""

    def request(self) -> MaskRequest | None:
        """Gather what was asked; None if nothing was."""
        asked = MaskRequest(
            paths=self.mask,
            box=self.box,
            ellipse=self.ellipse,
            polygon=self.polygon,
            whole_frame=self.whole_frame,
        )
        return None if asked == MaskRequest() else asked


@dataclass(frozen=True)
class RecipeOptions:
    """How to edit."""

    sound: Annotated[str | None, _option("SOUND", "-s")] = None
    """An audio file, any video with sound, or "self" for the sound of VIDEO."""
    preset: Annotated[str | None, _option("NAME")] = None
    """fast, quality, paper, paper-256, paper-512, paper-512-uncond; by default the one named like MODELS, or fast."""
    set: UseAppendAction[Annotated[tuple[str, ...], _option("KEY=VALUE")]] = ()
    """Any setting of the recipe; "soundini settings" lists them. May be repeated."""
    models: Annotated[
        str | None, _option("embedded|paper-256|paper-512|paper-512-uncond|debug|FOLDER")
    ] = None
    """The model pack; debug is tiny and random."""
    recipe: Annotated[Path | None, _option("FILE")] = None
    """A .recipe.json to run again, bit for bit; other options override it."""


def edit_request(
    clip: ClipOptions,
    mask: MaskOptions,
    options: RecipeOptions,
    flags: tuple[MaskFlags | EditFlags, ...],
    output: Path | None,
) -> EditRequest:
    """Merge the command line's settings over those of the recipe file, if there is one.

    Raises:
        ConfigError: something is missing, unknown or out of range.
    """
    settings = _settings(options, *flags)
    asked = {
        "video": clip.video,
        "start": clip.start,
        "end": clip.end,
        "mask": mask.request(),
        "sound": options.sound,
        "models": options.models,
        "output": output,
    }
    if output is None and options.recipe is not None and "output" in settings:
        _refuse_output(Path(settings["output"]), options.recipe)
    settings |= {name: value for name, value in asked.items() if value is not None}
    remedies = {
        "video": "name the VIDEO to edit",
        "sound": "name a sound: --sound fire.wav (or --sound self for the video's own)",
        "mask": "say what to edit: --mask, --box, --ellipse, --polygon or --whole-frame",
        "output": "name the output: -o out.mp4",
    }
    for name, remedy in remedies.items():
        if name not in settings:
            raise ConfigError(remedy)
    request = EditRequest.model_validate(settings)
    if options.recipe is None or mask.request() is not None:
        return request
    from soundini.editing.carried_masks import unpack_masks

    return unpack_masks(request, options.recipe)


def _refuse_output(output: Path, recipe: Path) -> None:
    """Use the output that a recipe names only if it is beside the recipe and does not exist yet.

    Raises:
        ConfigError: it names another path.
    """
    if output.resolve().parent != recipe.resolve().parent:
        raise ConfigError(
            "{file} names an output outside its folder, {output}; choose one: -o out.mp4",
            file=recipe,
            output=output,
        )
    if os.path.lexists(output):
        raise ConfigError(
            "{file} names the output {output}, which is there; choose one: -o out.mp4",
            file=recipe,
            output=output,
        )


def _settings(options: RecipeOptions, *flags: MaskFlags | EditFlags) -> dict[str, Any]:
    settings = read_request(options.recipe) if options.recipe is not None else {}
    if options.preset is not None or "recipe" not in settings:
        settings["recipe"] = load_preset(options.preset or preset_of(options.models))
    settings["recipe"] = override(settings["recipe"], [*assignments(*flags), *options.set])
    return settings


Output = Annotated[
    Path | None, tyro.conf.arg(metavar="FILE", aliases=("-o",), help_behavior_hint="")
]
"""``--output``, ``-o``; each command documents its meaning."""
