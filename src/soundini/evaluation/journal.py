"""Results of an evaluation on disk, so that one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from soundini.errors import ConfigError, Option

NAME = "results.jsonl"


class Journal:
    """Figures by key, one JSON line for each finished item.

    A key holds all that a figure depends on; figures of other models or settings stay in the file and are not found. A
    last line that was cut short counts as not written.

    Args:
        folder: where ``results.jsonl`` lies; made where it is not there.

    Raises:
        ConfigError: the file holds something else.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._path = folder, folder / NAME
        text = self._path.read_text() if self._path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self._path.write_text(whole)
        try:
            self._known: dict[str, Any] = dict(json.loads(line) for line in whole.splitlines())
        except (TypeError, ValueError):
            raise ConfigError(
                "{file} holds no results of an evaluation; name another folder for {option}",
                file=self._path,
                option=Option("run"),
            ) from None

    @staticmethod
    def key(depends_on: Mapping[str, Any]) -> str:
        """A short name for all that figures depend on."""
        return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:24]

    def figures(
        self, depends_on: Mapping[str, Any], measure: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """The figures of an item: those on disk, else measured now and written.

        Args:
            depends_on: all that the figures depend on; JSON.
            measure: gives the figures; JSON.
        """
        key = self.key(depends_on)
        if key not in self._known:
            self._known[key] = {"of": dict(depends_on), "figures": measure()}
            with self._path.open("a") as file:
                file.write(json.dumps([key, self._known[key]]) + "\n")
        return self._known[key]["figures"]
