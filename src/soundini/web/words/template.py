"""Sentences with holes: found again in a message, however somebody has named their files."""

from __future__ import annotations

import re

_HOLE = re.compile(r"\{(\w+)\}")
_NAME = "{file}"


class Template:
    """A text with holes, such as ``{file}: is empty (0 bytes)``.

    No regular expression looks for it, since those may take for ever on names made to that end: each stretch between two
    holes is sought once, from where the one before it was, so that a match costs no more than the message's length for each hole.

    Args:
        text: holes are a name in braces; other braces are text. Where it begins with ``{file}``, it is sought from its end:
            a visitor's file may be called anything.
    """

    def __init__(self, text: str) -> None:
        pieces = _HOLE.split(text)
        self.text = text
        self.holes: tuple[str, ...] = tuple(pieces[1::2])
        self._first, *self._rest = pieces[::2]

    @property
    def weight(self) -> int:
        """Characters outside the holes: of two templates that match, the heavier one says more."""
        return len(self._first) + sum(map(len, self._rest))

    def match(self, message: str) -> dict[str, str] | None:
        """What stands in the holes; None where the whole message is not of this form.

        Each is as short as may be, from left to right; where it begins with ``{file}``, from right to left.
        """
        if not self._rest:
            return {} if message == self._first else None
        *between, last = self._rest
        begin, end = len(self._first), len(message) - len(last)
        if begin > end or not message.startswith(self._first) or not message.endswith(last):
            return None
        if self.text.startswith(_NAME):
            return _from_right(self.holes, between, message[:end])
        found = {}
        for hole, text in zip(self.holes, between, strict=False):
            place = message.find(text, begin, end)
            if place < 0:
                return None
            found[hole] = message[begin:place]
            begin = place + len(text)
        return {**found, self.holes[-1]: message[begin:end]}


def _from_right(holes: tuple[str, ...], between: list[str], message: str) -> dict[str, str] | None:
    found = {}
    for hole, text in zip(reversed(holes), reversed(between), strict=False):
        place = message.rfind(text)
        if place < 0:
            return None
        found[hole] = message[place + len(text) :]
        message = message[:place]
    return {**found, holes[0]: message}
