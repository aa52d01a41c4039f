"""The picture of ``soundini hear --plot``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.editing.sound_track import Hearing

_COLOURS = {
    "fire": "#fb923c",
    "explosion": "#f87171",
    "thunderstorm": "#a78bfa",
    "rain": "#60a5fa",
    "sea": "#22d3ee",
    "river": "#34d399",
    "snow_wind": "#a5b4fc",
    "underwater": "#2dd4bf",
    "none": "#d6d3d1",
}
_OTHERS = ("#78716c", "#e879f9", "#facc15")
_POINTS = 1200
"""Points of a waveform."""
_HEIGHT = 2.6
"""Height of a sound's panel in inches."""


def write_hearing(path: Path, sounds: Sequence[tuple[str, Hearing]]) -> None:
    """Draw the waveform, the envelope and the shares of the classes of some sounds below each other, as a PNG.

    Args:
        path: where to write it; the file appears by atomic rename.
        sounds: a title and what is heard, at least one.

    Raises:
        ConfigError: matplotlib is not installed.
        MediaError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(
            "--plot needs matplotlib; run: pip install 'soundini[benchmark]'"
        ) from None
    from soundini.media.output import PartialFile, write_error

    figure = Figure(figsize=(10, _HEIGHT * len(sounds)), layout="constrained")
    for part, (title, heard) in zip(
        figure.subfigures(len(sounds), 1, squeeze=False)[:, 0], sounds, strict=True
    ):
        wave, shares = part.subplots(2, 1, sharex=True)
        best = ", ".join(f"{name} {share:.0%}" for name, share in list(heard.mean.items())[:2])
        part.suptitle(f"{title}: {best}", fontsize="medium")
        times, peaks = _peaks(heard)
        wave.fill_between(times, -peaks, peaks, color="#a8a29e", linewidth=0)
        wave.plot(heard.times, heard.strength, color="#c2410c", label="effect")
        wave.set(ylim=(-1, 1.05), yticks=[])
        wave.legend(loc="upper left", fontsize="x-small", bbox_to_anchor=(1.0, 1.0))
        names = sorted(heard.shares, key=lambda name: -float(np.mean(heard.shares[name])))
        spare = iter(_OTHERS * len(names))
        shares.stackplot(
            heard.times,
            [heard.shares[name] for name in names],
            labels=names,
            colors=[_COLOURS.get(name) or next(spare) for name in names],
        )
        shares.set(ylim=(0, 1), xlim=(0, heard.sound.duration), xlabel="seconds", ylabel="share")
        shares.legend(loc="upper left", fontsize="x-small", bbox_to_anchor=(1.0, 1.3))
    with PartialFile(path) as file:
        try:
            figure.savefig(file.partial, format="png", dpi=110, metadata={"Software": None})
        except OSError as error:
            raise write_error(path, error) from None
        file.commit()


def _peaks(heard: Hearing) -> tuple[np.ndarray, np.ndarray]:
    """The largest absolute sample of each of equally long parts, and its time."""
    loud = np.abs(heard.sound.samples).max(0)
    edges = np.linspace(0, len(loud), min(_POINTS, len(loud)) + 1).astype(int)[:-1]
    return edges / heard.sound.sample_rate, np.maximum.reduceat(loud, edges).clip(0, 1)
