"""What every part of the settings has in common, and how nested values become settings."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError

from soundini.errors import ConfigError, Message, message_of

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
        raise ConfigError(invalid(error)) from None


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
                raise ConfigError(
                    "unknown setting {name}; {suggest}", name=name, suggest=suggest(name, known)
                )
        section[last] = value
    return settings_from(nested, type(settings))


def walk_settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted name."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from walk_settings(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def setting_names(model: type[BaseModel]) -> list[str]:
    """The dotted names of all settings."""
    return [name for name, _ in walk_settings(model)]


def _nest(path: list[str], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return value


def _refuse_unknown(
    settings: object, model: type[BaseModel], prefix: str, known: list[str]
) -> None:
    if not isinstance(settings, Mapping):
        raise ConfigError(
            "{name} holds settings; name one of them", name=prefix.rstrip(".") or "a recipe"
        )
    for name, value in settings.items():
        field = model.model_fields.get(name)
        if field is None:
            raise ConfigError(
                "unknown setting {name}; {suggest}",
                name=f"{prefix}{name}",
                suggest=suggest(prefix + str(name), known),
            )
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            _refuse_unknown(value, field.annotation, f"{prefix}{name}.", known)


def suggest(name: str, known: list[str]) -> Message:
    """A few words that name what was most likely meant."""
    if not known:
        return Message("none is known")
    near = difflib.get_close_matches(name, known, 1, 0.8)
    tail = [k for k in known if k.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]]
    far = difflib.get_close_matches(name, known, 1, 0.0) or known[:1]
    return Message("the nearest is {nearest}", {"nearest": (near or tail or far)[0]})


def invalid(error: ValidationError) -> Message:
    """What pydantic found wrong, in one line."""
    problems = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        values = {"wrong": wrong(item), "value": item["input"]}
        if where:
            problem = Message("{setting}: {wrong}, got {value!r}", {"setting": where, **values})
        else:
            problem = Message("{wrong}, got {value!r}", values)
        problems.append(problem)
    return Message("{problems}", {"problems": tuple(problems)})


def wrong(item: Mapping[str, Any]) -> Message:
    """What is wrong with one value.

    Args:
        item: one of what pydantic's ``errors()`` lists.
    """
    context, kind = item.get("ctx", {}), item["type"]
    if kind == "value_error":
        return message_of(context["error"])
    if kind == "literal_error":
        choices = context["expected"].replace(" or ", ", ")
        return Message("input should be one of {choices}", {"choices": choices})
    try:
        template = PydanticKnownError(kind, context or None).message_template
    except (KeyError, TypeError):  # a kind of whoever declared the model
        return Message(item["msg"])
    length = context.get("max_length", context.get("min_length"))
    values = {"expected_plural": "" if length == 1 else "s", **context}
    values |= {
        name: int(v) for name, v in context.items() if isinstance(v, float) and v.is_integer()
    }
    sentence = template[:1].lower() + template[1:]
    found = Message(sentence, values)
    return found if str(found).lower() == item["msg"].lower() else Message(item["msg"])
