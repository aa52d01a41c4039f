"""Amounts of memory as people write them."""

import re

from soundini.errors import Message

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


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
