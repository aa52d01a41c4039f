"""PNG files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.errors import MediaError

if TYPE_CHECKING:
    import numpy as np

_LONGEST = 4096


def check_picture(path: Path, inputs: Iterable[Path] = ()) -> Path:
    """Refuse a path where no PNG can be written.

    Args:
        path: where it is to be written.
        inputs: files that must not be overwritten, such as a mask.

    Raises:
        MediaError: it has another suffix, is a folder, a symbolic link or one of the inputs, or is not writable.
    """
    if path.suffix.lower() != ".png":
        raise MediaError(
            "{file}: a picture is written as PNG; choose a name that ends in .png", file=path
        )
    from soundini.media.output import PartialFile, check_target

    check_target(path, inputs)
    if not path.parent.is_dir():
        raise MediaError("{parent}: no such folder; create it first", parent=path.parent)
    with PartialFile(path):
        pass
    return path


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Write ``uint8 [H, W, 3]``; the file appears by atomic rename.

    Raises:
        MediaError: it cannot be written.
    """
    from PIL import Image

    from soundini.media.output import PartialFile, write_error

    with PartialFile(path) as file:
        try:
            Image.fromarray(rgb).save(file.partial, format="PNG")
        except OSError as error:
            raise write_error(path, error) from None
        file.commit()


def strip(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Rows of pictures of one size, shrunk if the strip would be longer than 4096 pixels.

    Shape:
        each ``uint8 [H, W, 3]``.
    """
    import cv2
    import numpy as np

    from soundini.masks.preview import contact_strip

    height, width = rows[0][0].shape[:2]
    scale = min(1.0, _LONGEST / (width * len(rows[0])))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    lines = [
        contact_strip([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in row])
        for row in rows
    ]
    gap = np.full((4, lines[0].shape[1], 3), 255, np.uint8)
    return np.concatenate([part for line in lines for part in (line, gap)][:-1])


def spread(count: int, wanted: int) -> list[int]:
    """Pick ``wanted`` (or all) of ``count`` indices, spread evenly; of one, the middle."""
    wanted = max(1, min(count, wanted))
    return [int((i + 0.5) * count / wanted) for i in range(wanted)]
