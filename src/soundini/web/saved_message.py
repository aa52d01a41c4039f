"""Messages in JSON, so that a job's error can be shown in any language later."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from soundini.errors import Message, Option, is_list


def to_json(message: Message) -> dict[str, Any]:
    """A message in JSON.

    Args:
        message: its paths and other values become text.
    """
    return {
        "template": message.template,
        "values": {name: _plain(value) for name, value in message.values.items()},
    }


def from_json(content: Any) -> Any:
    """Undo :func:`to_json`; text becomes a message without values."""
    if isinstance(content, str):
        return Message(content)
    if not isinstance(content, dict):
        return content
    values = {name: _value(value) for name, value in content["values"].items()}
    return Message(content["template"], values)


SavedMessage = Annotated[Message, BeforeValidator(from_json), PlainSerializer(to_json)]
"""A message as a field of a record on disk."""


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return to_json(value)
    if isinstance(value, Option):
        return {"option": value.name, "value": value.value}
    if is_list(value):
        return {"parts": [_plain(part) for part in value]}
    return value if isinstance(value, str | int | float | list) else str(value)


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "parts" in value:
        return tuple(_value(part) for part in value["parts"])
    return Option(value["option"], value["value"]) if "option" in value else from_json(value)
