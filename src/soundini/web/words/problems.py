"""What soundini says is wrong, in the words of the page: its language, its controls in place of the command line's options.

The tables lie in ``page/texts/problems``: by soundini's own words with holes where something is put in, the page's words with the
same holes. ``{why:said}`` is looked up in the table as well, ``{setting:named}`` is the name of the setting's control, and a hole
with a dot, ``{look.end}``, is a text of the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from soundini.web.views import JobView
from soundini.web.words.particles import PARTICLES, fitting
from soundini.web.words.template import Template

LONGEST = 2000
"""Characters of a message that are looked at, and shown."""
_LONGEST_VALUE = 160
"""Characters of what is put into a hole."""
_MOST_PARTS = 16
"""Settings of one message that are told one by one."""
_FILL = re.compile(rf"\{{([\w.]+)(?::(\w+))?\}}({'|'.join(map(re.escape, PARTICLES))})?")

Pairs = list[tuple[Template, str]]
"""Templates with other words for them, the heaviest first."""


class Problems:
    """Says in one language what is wrong.

    Args:
        language: one of :data:`soundini.web.http.languages.LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self._page: dict[str, str] = _read(language)
        table = _read(f"problems/{language}")
        self._unknown: str = table["unknown"]
        self._between: str = table["between"]
        self._messages = _pairs(table["messages"].items())
        self._said = _pairs(
            pair for group in ("said", "words", "foreign") for pair in table[group].items()
        )
        self._settings = _pairs(_framed(table["wrong"], table["validation"]))

    def words(self, message: str) -> str:
        """A message in the page's words; one that no table knows as it is, after a sentence that says so.

        Args:
            message: what an error says, or a warning; of one with more than 2,000 characters, the first are shown.
        """
        message = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
        parts = message.split("; ", _MOST_PARTS)
        each = [self._put(self._settings, part) for part in parts]
        if all(each):
            return self._between.join(filter(None, each))
        known = self._put(self._messages, message) or self._put(self._settings, message)
        if known:
            return known
        if not message:
            return message
        return _FILL.sub(lambda hole: message, self._unknown)

    def job(self, job: JobView) -> JobView:
        """A job whose error and warnings are in the page's words."""
        changes: dict[str, Any] = {"error": self.words(job.error)}
        if job.summary is not None:
            told = tuple(map(self.words, job.summary.warnings))
            changes["summary"] = job.summary.model_copy(update={"warnings": told})
        return job.model_copy(update=changes)

    def _put(self, pairs: Pairs, message: str) -> str | None:
        """The words of the first template that matches, filled; None where none does."""
        for template, words in pairs:
            found = template.match(message)
            if found is not None:
                return self._filled(words, found)
        return None

    def _filled(self, words: str, found: Mapping[str, str]) -> str:
        def value(name: str, how: str | None) -> str:
            if "." in name:
                return self._page[name]
            text = found[name]
            if how == "said":
                return self._put(self._said, text) or _brief(text)
            if how == "named":
                return self._page.get(f"look.{text}", _brief(text))
            return _brief(text)

        def put(hole: re.Match[str]) -> str:
            name, how, particle = hole.groups()
            text = value(name, how)
            return text + fitting(particle, text) if particle else text

        return _FILL.sub(put, words)


@cache
def problems_in(language: str) -> Problems:
    """The problems of a language, read once."""
    return Problems(language)


def _read(name: str) -> dict[str, Any]:
    file = resources.files("soundini.web.page") / "texts" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))


def _pairs(table: Iterable[tuple[str, str]]) -> Pairs:
    pairs = [(Template(text), words) for text, words in table]
    return sorted(pairs, key=lambda pair: -pair[0].weight)


def _framed(frames: Mapping[str, str], wrongs: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """What may be wrong with a setting, in every form in which settings and forms tell it."""
    for frame, framed in frames.items():
        for wrong, words in wrongs.items():
            for text in (wrong, wrong[:1].lower() + wrong[1:]):
                yield frame.replace("{wrong}", text), framed.replace("{wrong}", words)


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
