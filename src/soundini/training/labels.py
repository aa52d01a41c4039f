"""What recordings are of: the label says it, unless the name, a look at the spectrogram or a measurement says more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import torch
from torch import Tensor

from soundini.joint.listening import step_levels
from soundini.training.classes import NONE, SOUND_CLASS

_WRONG_NAMES: dict[str, dict[str, str | None]] = {
    "rain": {"train": NONE},
    "snow": {"step|walk": NONE},
    "fire": {"_inferno_": None},  # who recorded a weapon and an explosion
    "underwater_bubbles": {"without-bubble": NONE},
}
"""Classes of recordings whose label is wrong, by label and regular expression for their name; None leaves them out."""

_WRONG_FILES = {
    "sounds/underwater_bubbles/n0013_": NONE,  # the spectrogram shows music
    "sounds/thunderstorm/n0040_": "snow_wind",  # it shows the lines of howling wind
}
"""The same by the beginning of the path within the data folder, of files that were looked at."""

_ANOTHER_TOO = {
    "fire": {"rain": "rain", "snow_wind": "wind"},
    "thunderstorm": {"rain": "rain"},
    "rain": {"thunderstorm": "thunder|storm"},
    "ocean_waves": {"rain": "rain", "thunderstorm": "thunder", "snow_wind": "wind"},
    "river_waterfall": {"rain": "rain", "snow_wind": "wind"},
    "snow": {"rain": "rain"},
    "wind": {"rain": "rain", "sea": "sea|wave", "thunderstorm": "thunder", "river": "water"},
}
"""Second classes that names tell of, as regular expressions, by label."""

_RAIN_BAND = 3
"""The band of :func:`soundini.joint.listening.step_levels` from 3.3 to 6.4 kHz, where rain is loud and thunder is short."""

_RAIN_DB = -46.0
"""Rain in a recording of thunder: the band is never more than this far below the loudest moment of all bands.

Of 37 recordings of thunder in which rain was seen on spectrograms without names, this finds 20, and it finds 5 others.
"""


def sound_classes(row: Mapping[str, str]) -> tuple[str, ...]:
    """The classes of a row of ``sounds.csv``, from its label, name and path; most have one.

    Labels were derived from names: "train" contains "rain", and steps in snow are no wind.

    Args:
        row: with ``label``, one of :data:`soundini.training.classes.SOUND_CLASS`, ``path``, and maybe ``original``.

    Returns:
        The class of its label first, then a second one that its name tells of; none where it cannot be used.
    """
    label, name = row["label"], _name(row)
    for pattern, right in _WRONG_NAMES.get(label, {}).items():
        if re.search(pattern, name):
            return () if right is None else (right,)
    for beginning, right in _WRONG_FILES.items():
        if row["path"].startswith(beginning):
            return (right,)
    others = _ANOTHER_TOO.get(label, {}).items()
    seconds = [second for second, pattern in others if re.search(pattern, name)]
    return (SOUND_CLASS[label], *seconds[:1])


def rains_throughout(power: Tensor) -> bool:
    """Whether it rains in a recording of thunder: between claps, the treble does not fall silent.

    Args:
        power: mel power.

    Shape:
        ``power``: ``[n_mels, columns]``.
    """
    levels = step_levels(power)
    if not levels.shape[-1]:
        return False
    return bool(torch.quantile(levels[_RAIN_BAND], 0.1) - levels[-1].max() >= _RAIN_DB)


def _name(row: Mapping[str, str]) -> str:
    return PurePosixPath(row.get("original") or row["path"]).stem.lower()
