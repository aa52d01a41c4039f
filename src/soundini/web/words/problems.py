"""Puts soundini's messages into the page's language, with names of its fields instead of settings.

The tables lie in ``page/texts/problems``. They name a message by its template, and give the page's sentence with the same
fields. ``{kind:said}`` is looked up among the words as well, ``{setting:named}`` is the label of the setting's field, and a
field with a dot, ``{look.end}``, is a text of the page.
"""

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from soundini.errors import Message, Option, is_list
from soundini.web.views import JobView

_FIRST, _LAST = ord("가"), ord("힣")
_FINALS = 28
"""Hangul syllables of one beginning, by their final consonants; the first has none."""
_RIEUL = 8
_DIGITS = {"0": 21, "1": _RIEUL, "3": 16, "6": 1, "7": _RIEUL, "8": _RIEUL}
"""Final consonants of the digits' names: yeong, il, sam, yuk, chil, pal; the others have none."""
PARTICLES = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "(이)라는": ("이라는", "라는"),
    "(으)로": ("으로", "로"),
}
"""Forms after a consonant and after a vowel, by how they are written where the sound is unknown."""
LONGEST = 2000
"""Longest message that is shown, in characters."""
_LONGEST_VALUE = 160
"""Longest value in it, in characters."""
_FIELD = re.compile(rf"\{{([\w.]+)(?::(\w+))?\}}({'|'.join(map(re.escape, PARTICLES))})?")
_LABELS = {"whole_frame": "mask.whole", "region.track": "mask.track"}
"""Texts of the page for options whose label is not ``look.NAME``."""


def fitting(particle: str, before: str) -> str:
    """The form of a particle that follows a text.

    Args:
        particle: one of :data:`PARTICLES`.
        before: the text; its last letter or digit decides.

    Returns:
        One form after a Hangul syllable or a digit; both, as given, after other letters, whose sound is unknown.
    """
    last = next((c for c in reversed(before) if c.isalnum()), "")
    if last and _FIRST <= ord(last) <= _LAST:
        final = (ord(last) - _FIRST) % _FINALS
    elif last.isascii() and last.isdigit():
        final = _DIGITS.get(last, 0)
    else:
        return particle
    consonant, vowel = PARTICLES[particle]
    if particle == "(으)로" and final == _RIEUL:
        return vowel
    return consonant if final else vowel


class Problems:
    """Words errors in one language.

    Args:
        language: one of :data:`soundini.web.http.replies.LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self._page: dict[str, str] = _read(language)
        table = _read(f"problems/{language}")
        self._unknown: str = table["unknown"]
        self._between: str = table["between"]
        self._sentences: dict[str, str] = table["messages"] | table["parts"]
        self._words: dict[str, str] = table["words"]

    def words(self, message: Message) -> str:
        """A message in the page's words; if the table lacks it, in English, after a sentence that says so.

        Args:
            message: an error or a warning; at most 2,000 characters of it are returned.
        """
        known = self._known(message)
        english = self._english(message)
        told = known if known is not None or not english else self._unknown.format(message=english)
        return _cut(english if told is None else told, LONGEST)

    def job(self, job: JobView[Message]) -> JobView[str]:
        """The same job, with error and warnings in the page's words."""
        fields: dict[str, Any] = dict(job)
        fields["error"] = self.words(job.error)
        if job.summary is not None:
            warnings = tuple(map(self.words, job.summary.warnings))
            fields["summary"] = {**dict(job.summary), "warnings": warnings}
        return JobView[str].model_validate(fields)

    def _known(self, message: Message) -> str | None:
        """The page's sentence for a message, filled; None where the table lacks it."""
        sentences = self._sentences
        words = sentences.get(str(message), sentences.get(message.template))
        return None if words is None else self._filled(words, message)

    def _filled(self, words: str, message: Message) -> str:
        shown = message.fields(self._option)

        def value(name: str, how: str | None) -> str:
            if "." in name:
                return self._page[name]
            if how == "shell":
                return _cut(shown[f"{name}:shell"], _LONGEST_VALUE)
            held, text = message.values[name], shown.get(name, "")
            if isinstance(held, Message):
                return self._part(held)
            if is_list(held):
                return self._between.join(map(self.words, held))
            if how == "named":
                return self._label(str(held)) or _cut(text, _LONGEST_VALUE)
            return _cut(self._words.get(text, text) if how == "said" else text, _LONGEST_VALUE)

        def put(field: re.Match[str]) -> str:
            name, how, particle = field.groups()
            text = value(name, how)
            return text + fitting(particle, text) if particle else text

        return _FIELD.sub(put, words)

    def _english(self, message: Message) -> str:
        return message.map(_brief).text(self._option)

    def _part(self, message: Message) -> str:
        known = self._known(message)
        return self._english(message) if known is None else known

    def _option(self, option: Option) -> str:
        label = self._label(option.name)
        return f"“{label}”" if label else str(option)

    def _label(self, name: str) -> str | None:
        """The page's label of an option."""
        return self._page.get(_LABELS.get(name, f"look.{name}"))


@cache
def problems_in(language: str) -> Problems:
    """The table of messages in a language, read once."""
    return Problems(language)


def _read(name: str) -> dict[str, Any]:
    file = resources.files("soundini.web.page") / "texts" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))


def _brief(value: Any) -> Any:
    return value if isinstance(value, int | float | Option) else _cut(str(value), _LONGEST_VALUE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
