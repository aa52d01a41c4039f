"""Presets, recipe files and overrides: three ways to say the same settings."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from soundini.config.recipe import Recipe
from soundini.errors import ConfigError

SettingsT = TypeVar("SettingsT", bound=BaseModel)


def preset_names() -> list[str]:
    """The presets that come with the package."""
    folder = resources.files("soundini.config") / "presets"
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir())


def load_preset(name: str) -> Recipe:
    """The preset of that name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    names = preset_names()
    if name not in names:
        raise ConfigError(f"there is no preset {name!r}; {_suggest(name, names)}")
    return recipe_from(_preset_settings(name))


def recipe_from(settings: Mapping[str, Any]) -> Recipe:
    """A recipe from nested settings; what is not named takes its default.

    Raises:
        ConfigError: an unknown setting, or a value out of range.
    """
    return settings_from(settings, Recipe)


def settings_from(settings: Mapping[str, Any], model: type[SettingsT]) -> SettingsT:
    """Settings of any declared kind from nested ones; what is not named takes its default.

    Raises:
        ConfigError: an unknown setting, or a value out of range.
    """
    _refuse_unknown(settings, model, "", setting_names(model))
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(_one_line(error)) from None


def override(recipe: SettingsT, assignments: Iterable[str]) -> SettingsT:
    """Apply ``section.name=value`` assignments, as ``--set`` gives them.

    Values are JSON where they parse as JSON, and plain text otherwise.

    Raises:
        ConfigError: an assignment is no assignment, names an unknown setting, or has a value out of range.
    """
    settings, known = recipe.model_dump(), setting_names(type(recipe))
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"{assignment!r} sets nothing; write it as key=value")
        *path, last = key.strip().split(".")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, too many digits, or nested without end
            value = text
        _refuse_unknown(_nest([*path, last], value), type(recipe), "", known)
        section = settings
        for part in path:
            section = section[part]
            if not isinstance(section, dict):
                raise ConfigError(f"unknown setting {key.strip()}; {_suggest(key.strip(), known)}")
        section[last] = value
    return settings_from(settings, type(recipe))


def setting_names(model: type[BaseModel] = Recipe, prefix: str = "") -> list[str]:
    """Every setting by its dotted name."""
    names = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += setting_names(field.annotation, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def preset_of(models: str | None) -> str:
    """Name the preset that suits a model pack: the one that bears its name, else ``fast``."""
    return models if models in preset_names() else "fast"


def _preset_settings(name: str) -> dict[str, Any]:
    """Read a preset, laid over the one that it names as its ``base``."""
    entry = resources.files("soundini.config") / "presets" / f"{name}.json"
    settings = json.loads(entry.read_text())
    base = settings.pop("base", None)
    return settings if base is None else _lay_over(_preset_settings(base), settings)


def _lay_over(base: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in settings.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = _lay_over(merged[name], value) if both else value
    return merged


def _nest(path: list[str], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return value


def _refuse_unknown(
    settings: object, model: type[BaseModel], prefix: str, known: list[str]
) -> None:
    if not isinstance(settings, Mapping):
        raise ConfigError(f"{prefix.rstrip('.') or 'a recipe'} holds settings; name one of them")
    for name, value in settings.items():
        field = model.model_fields.get(name)
        if field is None:
            raise ConfigError(
                f"unknown setting {prefix}{name}; {_suggest(prefix + str(name), known)}"
            )
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            _refuse_unknown(value, field.annotation, f"{prefix}{name}.", known)


def _suggest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.8)
    tail = [k for k in known if k.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]]
    far = difflib.get_close_matches(name, known, 1, 0.0) or known[:1]
    return f"the nearest is {(near or tail or far)[0]}" if known else "none is known"


def _one_line(error: ValidationError) -> str:
    parts = []
    for item in error.errors():
        where = ".".join(str(p) for p in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {message[:1].lower()}{message[1:]}, got {item['input']!r}")
    return "; ".join(parts)


def differences(recipe: Recipe, preset: str) -> dict[str, Any]:
    """The settings of a recipe that are not a preset's, by their names.

    Args:
        recipe: settings.
        preset: name of what they are compared to.
    """
    base = load_preset(preset)
    pairs = ((name, _value(recipe, name), _value(base, name)) for name in setting_names())
    return {name: here for name, here, there in pairs if here != there}


def _value(recipe: Recipe, name: str) -> Any:
    value: Any = recipe
    for part in name.split("."):
        value = getattr(value, part)
    return value
