"""The masks of a whole edit, made and measured once, and kept on disk."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from soundini.geometry import Box
from soundini.masks.refine import bounds


class MaskSpool:
    """Masks as compressed bytes in a temporary file: memory does not grow with the length of the video.

    Levels are rounded to 1/255; 0 stays 0.

    Args:
        masks: float in [0, 1]; more may be added.

    Attributes:
        bounds: what each mask covers, None where it is empty.
    """

    def __init__(self, masks: Iterable[np.ndarray] = ()) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the spool
        self._sizes: list[int] = []
        self.bounds: list[Box | None] = []
        self._shape = (0, 0)
        try:
            for mask in masks:
                self.add(mask)
        except BaseException:
            self.close()
            raise

    def add(self, mask: np.ndarray) -> None:
        """Add the mask of the next frame."""
        self._shape = mask.shape
        data = zlib.compress(np.rint(mask * 255).astype(np.uint8).tobytes(), 1)
        self._file.write(data)
        self._sizes.append(len(data))
        self.bounds.append(bounds(mask))

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[np.ndarray]:
        offset = 0
        for size in self._sizes:
            self._file.seek(offset)
            levels = np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8)
            yield levels.reshape(self._shape).astype(np.float32) / 255
            offset += size

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()
