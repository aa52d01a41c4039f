"""Values as people write them: what a sound is (a word, a mixture of words, or a timeline of these), and amounts of memory."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from soundini.errors import Message

_TIMED = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*s?\s*:(.*)", re.DOTALL)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class SaidSound:
    """What the sound is from one moment on.

    Args:
        begin: seconds into the sound, 0 or more.
        shares: how much of each word it is; they add up to 1.
    """

    begin: float
    shares: Mapping[str, float]


def parse_heard_as(text: str) -> tuple[SaidSound, ...]:
    """Read ``rain``, ``rain=0.7,thunderstorm=0.3`` or ``0s:fire,4.2s:rain``; whether the words are known is not checked.

    Words without a share count alike. A part of a timeline may be a mixture: ``0s:fire,4s:rain=0.7,wind=0.3``.

    Args:
        text: what the user wrote.

    Returns:
        The parts of the timeline by rising time; one part, from 0 on, where the text names no times.

    Raises:
        ValueError: the text is none of these; the message says what is wrong.
    """
    items = [item.strip() for item in text.split(",")]
    if not any(_TIMED.fullmatch(item) for item in items):
        return (SaidSound(0.0, _mixture(items)),)
    parts: list[tuple[float, list[str]]] = []
    for item in items:
        timed = _TIMED.fullmatch(item)
        if timed is not None:
            begin = float(timed[1])
            if parts and begin <= parts[-1][0]:
                raise ValueError(
                    Message("the time in {item!r} is not after the one before it", {"item": item})
                )
            parts.append((begin, [timed[2].strip()]))
        elif parts:
            parts[-1][1].append(item)
        else:
            raise ValueError(
                Message("{item!r} has no time; write it as 0s:fire,4.2s:rain", {"item": item})
            )
    return tuple(SaidSound(begin, _mixture(words)) for begin, words in parts)


def _mixture(items: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in items:
        word, equals, number = item.partition("=")
        share = _share(number) if equals else 1.0
        if not word.strip() or share is None:
            raise ValueError(
                Message(
                    "{item!r} is no word with a share above 0; write it as rain=0.7", {"item": item}
                )
            )
        found[word.strip()] = found.get(word.strip(), 0.0) + share
    total = sum(found.values())
    return {word: share / total for word, share in found.items()}


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if math.isfinite(share) and 0 < share <= 1e6 else None


def parse_bytes(text: str) -> int:
    """Bytes that ``4GB``, ``1.5 GiB`` or ``800m`` means.

    Raises:
        ValueError: it is no amount of memory.
    """
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?)(i?)b?", text.strip().lower())
    if match is None or (match[3] and not match[2]):
        raise ValueError(Message("no amount of memory, such as 4GB or 800MB"))
    units = _BINARY if match[3] else _UNITS
    return round(float(match[1]) * units[match[2]])
