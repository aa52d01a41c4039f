"""Presets, recipe files and overrides: three ways to say the same settings."""

import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from soundini.config.recipe import Recipe
from soundini.config.section import SettingsT, setting_names, settings_from, suggest, with_values
from soundini.errors import ConfigError


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
        raise ConfigError(
            "there is no preset {name!r}; {suggest}", name=name, suggest=suggest(name, names)
        )
    return recipe_from(_preset_settings(name))


def recipe_from(settings: Mapping[str, Any]) -> Recipe:
    """A recipe from nested settings; what is not named takes its default.

    Raises:
        ConfigError: an unknown setting, or a value out of range.
    """
    return settings_from(settings, Recipe)


def override(recipe: SettingsT, assignments: Iterable[str]) -> SettingsT:
    """Apply ``section.name=value`` assignments.

    Values are JSON where they parse as JSON, and plain text otherwise.

    Raises:
        ConfigError: an assignment is no assignment, names an unknown setting, or has a value out of range.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError("{text!r} sets nothing; write it as key=value", text=assignment)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, too many digits, or nested without end
            value = text
        values[key.strip()] = value
    return with_values(recipe, values)


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


def differences(recipe: Recipe, preset: str) -> dict[str, Any]:
    """The settings of a recipe that are not a preset's, by their names.

    Args:
        recipe: settings.
        preset: name of what they are compared to.
    """
    base = load_preset(preset)
    pairs = ((name, setting(recipe, name), setting(base, name)) for name in setting_names(Recipe))
    return {name: here for name, here, there in pairs if here != there}


def setting(recipe: Recipe, name: str) -> Any:
    """Look up the value of a setting in a recipe."""
    value: Any = recipe
    for part in name.split("."):
        value = getattr(value, part)
    return value
