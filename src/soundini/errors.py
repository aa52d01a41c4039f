"""What went wrong: a sentence with named values in it, which every front end can put in its own words."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from string import Formatter
from typing import Any, TypeGuard

_FORMATTER = Formatter()


@dataclass(frozen=True)
class Option:
    """Something the user can give, where a message advises it.

    The command line shows it as it is typed there, the page by the label of its field, Python as ``sound.heard_as=rain``.

    Args:
        name: a setting by its dotted name (``sound.heard_as``), or an argument of a command (``start``, ``whole_frame``).
        value: what to give; "" leaves that to the user.
    """

    name: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.value else self.name


@dataclass(frozen=True)
class Message:
    """A sentence and the values that stand in it.

    Args:
        template: the sentence, with fields as in :meth:`str.format`. Without values it is plain text. The format
            ``{file:shell}`` is the file's name as a shell takes it.
        values: by field: text, numbers, paths, options, messages, or a tuple of messages.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text(str)

    def text(self, option: Callable[[Option], str]) -> str:
        """The whole sentence in English.

        Args:
            option: says an option in the words of whoever shows the message.
        """
        if not self.values:
            return self.template
        parts = _FORMATTER.parse(self.template)
        return "".join(
            literal + ("" if name is None else _shown(self.values[name], how or "", kind, option))
            for literal, name, kind, how in parts
        )

    def fields(self, option: Callable[[Option], str]) -> dict[str, str]:
        """The text of every value, as the sentence shows it; a file's name for a shell is ``file:shell``.

        Args:
            option: as of :meth:`text`.
        """
        if not self.values:
            return {}
        return {
            f"{name}:{kind}" if kind == "shell" else name: _shown(
                self.values[name], how or "", kind, option
            )
            for _, name, kind, how in _FORMATTER.parse(self.template)
            if name is not None
        }

    def map(self, change: Callable[[Any], Any]) -> Message:
        """The same sentence with other values, in messages inside it too.

        Args:
            change: gives the new value; it is not asked about messages.
        """

        def changed(value: Any) -> Any:
            if isinstance(value, Message):
                return value.map(change)
            if is_list(value):
                return tuple(changed(part) for part in value)
            return change(value)

        return Message(self.template, {name: changed(v) for name, v in self.values.items()})


class SoundiniError(Exception):
    """An error the user can mend: bad input, a bad setting, a full disk.

    ``str(error)`` is one line: what is wrong, then what to do. The command line prints it without a traceback and
    exits with :attr:`exit_code`. Anything that is not a ``SoundiniError`` is a defect of soundini.

    Args:
        template: the sentence, or a whole message; see :class:`Message`.
        **values: what stands in it; an exception stands for what it says.

    Example:
        >>> error = MediaError("{file}: is empty; copy it again", file="a.mp4")
        >>> str(error), error.message.values["file"]
        ('a.mp4: is empty; copy it again', 'a.mp4')
    """

    exit_code: int = 2

    def __init__(self, template: str | Message, /, **values: Any) -> None:
        super().__init__(template)
        if isinstance(template, Message):
            self.message = template
        else:
            self.message = Message(template, {name: _said(v) for name, v in values.items()})

    def __str__(self) -> str:
        return str(self.message)


class MediaError(SoundiniError):
    """A video, a sound or an image cannot be read or written."""


class UnheardError(MediaError):
    """A sound cannot be heard along the frames that it is to change."""


class MaskError(SoundiniError):
    """A mask is empty, of the wrong size, or cannot be understood."""


class ConfigError(SoundiniError):
    """A recipe, a preset or an override names an unknown setting or a value out of range."""


class ModelError(SoundiniError):
    """A model pack is missing, incomplete, or does not hold what its configuration says."""


def message_of(error: BaseException) -> Message:
    """What an exception says: its message, where it carries one, else its text in one line.

    Args:
        error: a :class:`SoundiniError`, a ``ValueError`` made of a :class:`Message`, or any other.
    """
    if isinstance(error, SoundiniError):
        return error.message
    if len(error.args) == 1 and isinstance(error.args[0], Message):
        return error.args[0]
    return Message(" ".join(str(error).split()) or type(error).__name__)


def is_list(value: Any) -> TypeGuard[tuple[Message, ...]]:
    """Whether a value of a message is a list of messages."""
    return isinstance(value, tuple) and value != () and all(isinstance(v, Message) for v in value)


def _said(value: Any) -> Any:
    return message_of(value) if isinstance(value, BaseException) else value


def _shown(value: Any, conversion: str, kind: str | None, option: Callable[[Option], str]) -> str:
    if isinstance(value, Option):
        return option(value)
    if isinstance(value, Message):
        return value.text(option)
    if is_list(value):
        return "; ".join(part.text(option) for part in value)
    if kind == "shell":
        name = PurePath(str(value)).name
        return shlex.quote(f"./{name}" if name.startswith("-") else name)
    if conversion == "r":
        value = repr(value)
    return format(value if isinstance(value, int | float | str) else str(value), kind or "")
