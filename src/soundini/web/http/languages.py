"""The languages of the page; each has a page of its own, at the address of its name."""

from __future__ import annotations

LANGUAGES = ("en", "ko")
"""The first is the default."""


def choose_language(asked: str | None, accepted: str) -> str:
    """Choose the language of a page.

    Args:
        asked: the language in the address (``?lang=ko``), or None.
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
