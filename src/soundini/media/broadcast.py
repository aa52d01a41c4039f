"""MPEG transport streams, from broadcasts and cameras: packets of one size, each with the number of its stream."""

from collections.abc import Iterator
from pathlib import Path

BROADCAST = "mpegts"
"""FFmpeg's name for the container."""
_SIZES = (188, 192, 204)
"""Bytes of a packet: plain, with a time before it, with a checksum after it."""
_SYNC = 0x47
_SYNCS = 5
_BACK = 1 << 21
"""The table of streams, which comes every half second, is searched for in this many bytes before a packet."""
_ENDS = 1 << 21
"""Bytes at the beginning and at the end of a file within which there are pictures."""
_PICTURES = range(0xE0, 0xF0)


def table_before(path: Path, position: int) -> int:
    """Find where the last table of streams before a packet begins (ISO/IEC 13818-1, 2.4.4.3): a packet of stream 0.

    Args:
        path: the file.
        position: of a packet.

    Returns:
        Its first byte; ``position`` if there is none.
    """
    first = max(0, position - _BACK)
    with path.open("rb") as file:
        file.seek(first)
        data = file.read(position - first + 3)
    last = max(0, len(data) - 3)
    for size in _SIZES:
        places = range(last, -1, -size)
        if all(data[at] == _SYNC for at in places[:_SYNCS]):
            table = (at for at in places if data[at] == _SYNC and _stream(data, at) == 0)
            return first + next(table, last)
    return position


def goes_elsewhere(path: Path) -> bool:
    """Whether the pictures of a broadcast go on under another stream number, which players do not follow.

    Args:
        path: a readable file.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(_ENDS)
        file.seek(max(0, length - _ENDS))
        end = file.read()
    first = next(_pictures(begin), None)
    if first is None:
        return False
    numbers = list(_pictures(end))
    count = len(numbers) - numbers[::-1].index(first) if first in numbers else 0
    return bool(set(numbers[count:]) - set(numbers[:count]))


def _pictures(data: bytes) -> Iterator[int]:
    """Numbers of the streams of the pictures that begin in a stretch."""
    for size in _SIZES:
        for start in range(min(size, len(data))):
            if all(
                at < len(data) and data[at] == _SYNC
                for at in range(start, start + _SYNCS * size, size)
            ):
                yield from _begun(data, range(start, len(data) - size + 1, size))
                return


def _begun(data: bytes, places: range) -> Iterator[int]:
    for at in places:
        if data[at] == _SYNC and data[at + 1] & 0x40:
            begin = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
            if (
                data[begin : begin + 3] == b"\0\0\1"
                and sum(data[begin + 3 : begin + 4]) in _PICTURES
            ):
                yield _stream(data, at)


def _stream(data: bytes, at: int) -> int:
    return (data[at + 1] & 0x1F) << 8 | data[at + 2]
