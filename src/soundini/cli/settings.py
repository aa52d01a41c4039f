"""``soundini settings``: every setting of a recipe, from the place where it is declared."""

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import tyro
from pydantic.fields import FieldInfo

from soundini.config.presets import load_preset, preset_names, setting
from soundini.config.recipe import Recipe
from soundini.config.section import walk_settings


def describe(field: FieldInfo) -> str:
    """Return one line that says what a setting does."""
    return " ".join((field.description or "").replace("``", "").split())


def values_of(field: FieldInfo) -> str:
    """Return the values that a setting takes."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        return "|".join(map(str, get_args(kind)))
    if get_origin(kind) in (Union, UnionType):
        return "|".join(values_of(FieldInfo.from_annotation(part)) for part in get_args(kind))
    names = {"ge": ">= {}", "gt": "> {}", "le": "<= {}", "lt": "< {}"}
    limits = [
        text.format(getattr(m, name))
        for m in field.metadata
        for name, text in names.items()
        if getattr(m, name, None) is not None
    ]
    return ", ".join([getattr(kind, "__name__", str(kind)), *limits])


@dataclass(frozen=True)
class Settings:
    """List every setting that --set takes, with its value in a preset."""

    preset: Annotated[str, tyro.conf.arg(metavar="NAME")] = "fast"
    """The preset whose values are shown."""

    def run(self) -> int:
        """Print the settings."""
        recipe = load_preset(self.preset)
        print(f"# preset {self.preset} (there are: {', '.join(preset_names())})")
        for name, field in walk_settings(Recipe):
            print(f"\n{name} = {setting(recipe, name)}   ({values_of(field)})")
            print(f"    {describe(field)}")
        return 0
