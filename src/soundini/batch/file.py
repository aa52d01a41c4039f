"""The keys of a batch file: declared once, read from YAML or JSON lines."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from soundini.config.section import Section, settings_from
from soundini.editing.request import MaskRequest
from soundini.errors import ConfigError, Message
from soundini.settings_files import read_text, read_yaml

_LINES = {".jsonl", ".ndjson"}
T = TypeVar("T")
OneOrMany = Annotated[tuple[T, ...], BeforeValidator(lambda v: v if isinstance(v, list) else [v])]


class RowSettings(Section):
    """A row: every video by every sound in every mask with every recipe. Paths are as seen from the file's folder."""

    video: OneOrMany[str] = ()
    """Videos; one or a list, as with all of these. * ? [] and ** match many; !PATTERN leaves out."""
    sound: OneOrMany[str] = ()
    """Sounds; self is the video's own, and comes first. Here and in masks {video} is the name of the video without its suffix."""
    mask: OneOrMany[str | MaskRequest] = ()
    """Masks: an image, a video, a folder; or {box: "x,y,w,h"}, {ellipse: ...}, {polygon: ...}, {whole_frame: true},
    {paths: [0=a.png, 48=b.png]}."""
    recipe: OneOrMany[str] = ()
    """Presets, or .recipe.json files whose settings are taken; by default the preset named like the models, or fast."""
    heard_as: str | None = None
    """What the sound is, as ``sound.heard_as`` takes it: rain, rain=0.7,wind=0.3, 0s:fire,4.2s:rain."""
    set: OneOrMany[str] = ()
    """Settings that differ, such as guidance.strength=0.06; a row's come after those of the file."""
    models: str = "embedded"
    """The model pack: embedded, paper-256, paper-512, paper-512-uncond, debug, or a folder."""
    start: str | int | None = None
    """First frame of the part to edit (48), or time (2.0s)."""
    end: str | int | None = None
    """One past the last frame, or time."""
    name: str = "{video}-{sound}"
    """Of the output, in the folder of outputs, without .mp4; {video}, {sound}, {mask} and {recipe} name what it is made of."""


class FileSettings(RowSettings):
    """A batch file: one row, or the keys that all ``rows`` share."""

    output: str = "."
    """Folder of the outputs and of the manifest."""
    rows: tuple[dict[str, Any], ...] = ()
    """Rows, each with keys that differ from the file's."""


@dataclass(frozen=True)
class Entry:
    """A row as it stands in the file.

    Args:
        where: it stands, for messages.
        settings: what it says; None where that cannot be understood.
        problem: why not; None where it can.
    """

    where: str
    settings: RowSettings | None
    problem: Message | None = None


@dataclass(frozen=True)
class BatchFile:
    """A batch file that was read.

    Args:
        path: where it lies.
        output: folder of the outputs, as the file names it.
        entries: its rows.
    """

    path: Path
    output: str
    entries: tuple[Entry, ...]


def read_batch_file(path: Path) -> BatchFile:
    """Read a batch file: YAML, or JSON lines (``.jsonl``) with the keys of :class:`RowSettings`, one row a line.

    Raises:
        ConfigError: it cannot be read, or it is neither. What is wrong in a single row is told by its entry.
    """
    if path.suffix.lower() in _LINES:
        text = _read(read_text, path)
        lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        entries = [_line_entry(f"{path.name}, line {number}", line) for number, line in lines]
        output = "."
    else:
        content = _yaml(path)
        try:
            settings = settings_from(content, FileSettings)
        except ConfigError as error:
            raise ConfigError("{file}: {why}", file=path, why=error) from None
        shared = {k: v for k, v in content.items() if k not in ("output", "rows", "set")}
        entries = [
            _entry(f"{path.name}, row {number}", {**shared, **row}, settings.set)
            for number, row in enumerate(settings.rows or [{}], 1)
        ]
        output = settings.output
    if not entries:
        raise ConfigError("{file} holds no rows; put at least one there", file=path)
    return BatchFile(path, output, tuple(entries))


def _read(reader: Callable[[Path], T], path: Path) -> T:
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            "cannot read the batch file {file}: {why}", file=path, why=reason
        ) from None


def _yaml(path: Path) -> Mapping[str, Any]:
    content = _read(read_yaml, path)
    if not isinstance(content, Mapping):
        raise ConfigError(
            "{file} is no batch file; it has keys such as video, sound and mask", file=path
        )
    return content


def _line_entry(where: str, line: str) -> Entry:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, Mapping):
        return Entry(where, None, Message("is no JSON object; write the row on one line in braces"))
    return _entry(where, content, ())


def _entry(where: str, content: Mapping[str, Any], shared: tuple[str, ...]) -> Entry:
    try:
        settings = settings_from(content, RowSettings)
    except ConfigError as error:
        return Entry(where, None, error.message)
    return Entry(where, settings.model_copy(update={"set": (*shared, *settings.set)}))
