"""The recipe of an edit inside its MP4, in a box of ours that players pass over."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from uuid import UUID

from soundini.media.pieces import boxes
from soundini.settings_files import MAX_JSON

_BOX = b"uuid" + UUID("5b3f9c0e-6a41-4d0c-9f7e-2c8a51d0e6b4").bytes
"""Type of the box: the one that ISO/IEC 14496-12 reserves for boxes of others."""
_MOST_BOXES = 1000
_BLOCK = 2**20


def recipe_box(recipe: str) -> bytes:
    """The box that holds a recipe, for the end of an MP4; empty if the recipe is too long to be read again."""
    content = _BOX + recipe.encode()
    size = 4 + len(content)
    return b"" if len(content) > MAX_JSON else size.to_bytes(4, "big") + content


def film_with(path: Path, box: bytes) -> Iterator[bytes]:
    """The bytes of a film, block by block, and a box after them."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
    yield box


def recipe_inside(path: Path) -> bytes | None:
    """The recipe in an MP4, or None; None for every other file too.

    Only the heads of the file's outermost boxes are read, and our box.
    """
    end = path.stat().st_size
    with path.open("rb") as file:
        for _, place, size in islice(boxes(path), _MOST_BOXES):
            if place + size > end:
                return None
            file.seek(place + 4)
            if file.read(len(_BOX)) == _BOX and size - 4 - len(_BOX) <= MAX_JSON:
                return file.read(size - 4 - len(_BOX))
    return None


@contextmanager
def recipe_file(path: Path) -> Iterator[Path | None]:
    """The recipe as a JSON file: the file itself, or what an MP4 carries; None if an MP4 carries none.

    Args:
        path: a recipe or a video.
    """
    with path.open("rb") as file:
        if file.read(64).lstrip().startswith(b"{"):
            yield path
            return
    inside = recipe_inside(path)
    if inside is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(inside)
        yield copy
