"""Reading JSON and YAML that strangers may have written: plain files of a sane size, and nothing that grows as it is read."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from soundini.errors import Message

MAX_JSON = 16 * 2**20
"""Bytes of the largest JSON file that is read: the record of an edit with 100,000 mask pictures."""
MAX_YAML = 2**20
"""Bytes of the largest YAML file that is read; its parser is slow, and people write these."""


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        OSError: it is not there, or may not be read.
        ValueError: it is no plain file, too large, nested too deeply, or no JSON; one line says which.
    """
    return _parsed(json.loads, read_text(path))


def read_yaml(path: Path) -> Any:
    """Read a YAML file without anchors: a few lines of aliases of aliases would be billions of settings.

    Raises:
        OSError: it is not there, or may not be read.
        ValueError: it is no plain file, too large, nested too deeply, uses an alias, or is no YAML; one line says which.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses aliases."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError(
                    "aliases (*name) are not read; write the settings out, and put a text that begins with * in quotes"
                )
            return super().compose_node(parent, index)

    def load(text: str) -> Any:
        try:
            return yaml.load(text, Loader)
        except yaml.YAMLError as error:
            raise ValueError(" ".join(str(error).split())) from None

    return _parsed(load, read_text(path, MAX_YAML))


def read_text(path: Path, most: int = MAX_JSON) -> str:
    """Read a text file of at most ``most`` bytes.

    Raises:
        OSError: it is not there, or may not be read.
        ValueError: it is no plain file, too large, or not UTF-8; one line says which.
    """
    status = path.stat()  # a pipe or a device would be read for ever
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(Message("it is not a plain file"))
    if status.st_size > most:
        raise ValueError(
            Message(
                "it is larger than {amount} MiB, the most that is read", {"amount": most // 2**20}
            )
        )
    return path.read_text(encoding="utf-8")


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except RecursionError:
        raise ValueError(Message("it is nested too deeply")) from None
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno, "place": error.pos}
        raise ValueError(
            Message(
                "{what}: line {line} column {column} (char {place})", {"what": error.msg, **where}
            )
        ) from None
