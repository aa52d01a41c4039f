"""Every word on the page, in the languages that it speaks."""

from __future__ import annotations

import json
from importlib import resources


class Texts:
    """The words of one language.

    Args:
        language: one of :data:`soundini.web.http.languages.LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        file = resources.files("soundini.web.page") / "texts" / f"{language}.json"
        self._words: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))

    def __getitem__(self, key: str) -> str:
        return self._words[key]

    def get(self, key: str, name: str) -> str:
        """The words, or the name of what there are no words for."""
        return self._words.get(key, name)

    def __call__(self, key: str, **values: object) -> str:
        """The words with what varies put in."""
        return self._words[key].format(**values)

    def group(self, *names: str) -> dict[str, str]:
        """The words whose keys begin with one of some names, by what follows: ``paint.brush`` -> ``brush``."""
        return {
            key.partition(".")[2]: words
            for key, words in self._words.items()
            if key.partition(".")[0] in names and "." in key
        }
