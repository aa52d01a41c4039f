"""Korean particles that depend on the sound before them."""

from __future__ import annotations

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
