"""What a sound encoder sees of a clip: a picture of the whole, from which windows are cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class FrontEnd:
    """How a clip becomes a spectrogram.

    Args:
        sample_rate: Hz, of the clip.
        columns_per_second: of the spectrogram.
        window_columns: columns that one embedding hears, as the encoder was trained.
        spectrogram: mono samples of the whole clip ``[samples]`` -> ``[bands, columns]``.
        first_column: seconds from the beginning of the clip to the middle of the first column.
    """

    sample_rate: int
    columns_per_second: float
    window_columns: int
    spectrogram: Callable[[Tensor], Tensor]
    first_column: float = 0.0
