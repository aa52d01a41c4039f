"""Every word on the page, in the languages that it speaks."""

from __future__ import annotations

import json
from importlib import resources

LANGUAGES = ("en", "ko")
"""The first is for whoever asks for none of them."""


class Texts:
    """The words of one language.

    Args:
        language: one of :data:`LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        file = resources.files("soundini.web.page") / "texts" / f"{language}.json"
        self._words: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))

    def __getitem__(self, key: str) -> str:
        return self._words[key]

    def __contains__(self, key: str) -> bool:
        return key in self._words

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


def choose_language(asked: str | None, accepted: str) -> str:
    """The language of a page.

    Args:
        asked: what the address asks for (``?lang=ko``), or None.
        accepted: the header ``Accept-Language``, such as ``ko-KR,ko;q=0.9,en;q=0.8``.
    """
    if asked in LANGUAGES:
        return asked
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        language = name.split("-")[0].lower()
        if language in LANGUAGES and weight > 0:
            ranked.append((-weight, place, language))
    return min(ranked)[2] if ranked else LANGUAGES[0]
