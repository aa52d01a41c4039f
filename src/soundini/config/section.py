"""What every part of the settings has in common, and how nested values become settings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soundini.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
SettingsT = TypeVar("SettingsT", bound=BaseModel)


class Section(BaseModel):
    """Settings refuse unknown names and values out of range, and never change once made."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    def replace(self, **values: Any) -> Self:
        """The same settings with some of them changed.

        Args:
            **values: the new values by name; two underscores lead into a section.

        Raises:
            ConfigError: an unknown setting, or a value out of range.

        Example:
            >>> from soundini import load_preset
            >>> recipe = load_preset("quality").replace(seed=7, guidance__strength=0.01)
            >>> recipe.seed, recipe.guidance.strength
            (7, 0.01)
        """
        return with_values(self, {name.replace("__", "."): v for name, v in values.items()})


def settings_from(settings: Mapping[str, Any], model: type[SettingsT]) -> SettingsT:
    """Settings of any declared kind from nested ones; what is not named takes its default.

    Raises:
        ConfigError: an unknown setting, or a value out of range.
    """
    _refuse_unknown(settings, model, "", setting_names(model))
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(one_line(error)) from None


def with_values(settings: SettingsT, values: Mapping[str, Any]) -> SettingsT:
    """The settings with some of them changed.

    Args:
        settings: of any declared kind.
        values: the new values by dotted name, such as ``{"guidance.strength": 0.01}``.

    Raises:
        ConfigError: an unknown setting, or a value out of range.
    """
    nested, known = settings.model_dump(), setting_names(type(settings))
    for name, value in values.items():
        *path, last = name.split(".")
        _refuse_unknown(_nest([*path, last], value), type(settings), "", known)
        section = nested
        for part in path:
            section = section[part]
            if not isinstance(section, dict):
                raise ConfigError(f"unknown setting {name}; {suggest(name, known)}")
        section[last] = value
    return settings_from(nested, type(settings))


def setting_names(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every setting by its dotted name."""
    names = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += setting_names(field.annotation, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


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
                f"unknown setting {prefix}{name}; {suggest(prefix + str(name), known)}"
            )
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            _refuse_unknown(value, field.annotation, f"{prefix}{name}.", known)


def suggest(name: str, known: list[str]) -> str:
    """A few words that name what was most likely meant."""
    near = difflib.get_close_matches(name, known, 1, 0.8)
    tail = [k for k in known if k.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]]
    far = difflib.get_close_matches(name, known, 1, 0.0) or known[:1]
    return f"the nearest is {(near or tail or far)[0]}" if known else "none is known"


def one_line(error: ValidationError) -> str:
    """What pydantic found wrong, in one line."""
    parts = []
    for item in error.errors():
        where = ".".join(str(p) for p in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {message[:1].lower()}{message[1:]}, got {item['input']!r}")
    return "; ".join(parts)
