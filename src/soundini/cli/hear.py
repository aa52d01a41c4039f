"""``soundini hear``: what the models hear in sounds."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import FlagCreatePairsOff, Positional, arg

from soundini.cli.picture import check_picture
from soundini.cli.words import shown
from soundini.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from soundini.editing.sound_track import Hearing

_LEAST_SHOWN = 0.05
"""Least share of a class that is listed beside the likeliest."""
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


@dataclass(frozen=True, kw_only=True)
class Hear:
    """Print what the models hear in sounds, over time; if they are wrong, correct them with --heard-as.

    For example: soundini hear fire.wav --plot fire.png
    """

    sounds: Positional[Annotated[tuple[Path, ...], arg(metavar="SOUND...")]]
    """Audio files, or videos with sound."""
    plot: Annotated[Path | None, arg(metavar="FILE.png", help_behavior_hint="")] = None
    """A PNG with the waveform, the strength of the effect and the share of each class over time; needs matplotlib."""
    json: FlagCreatePairsOff[bool] = False
    """Print one JSON object a file and line: file, mean, times, shares."""
    models: Annotated[str, arg(metavar="embedded|debug|FOLDER")] = "embedded"
    """The model pack that listens."""

    def run(self) -> int:
        """Print what is heard in each file."""
        if not self.sounds:
            raise ConfigError("name one or more sounds, such as: soundini hear fire.wav")
        if self.plot is not None:
            check_picture(self.plot, self.sounds)
        from soundini.config.recipe import SoundConfig
        from soundini.editing.sound_track import hear
        from soundini.joint.protocol import NamesSounds
        from soundini.media.joined import left_out
        from soundini.media.sound import load_sound
        from soundini.packs.loading import load_senses

        joint = load_senses(self.models).joint
        if not isinstance(joint, NamesSounds):
            raise ConfigError(
                "the models {models} have no words for sounds; listen with --models embedded",
                models=self.models,
            )
        found: list[tuple[str, Hearing]] = []
        for path in self.sounds:
            sound = load_sound(path)
            heard = hear(sound, joint, SoundConfig(), sound.duration)
            print(_json_line(path, heard) if self.json else _table(path, heard), flush=True)
            if (rest := left_out(path)) is not None:
                print(f"warning: {shown(rest)}", file=sys.stderr)
            if doubt := _doubt(path, heard):
                print(f"warning: {doubt}", file=sys.stderr)
            if self.plot is not None:
                found.append((path.name, heard))
        if self.plot is not None:
            write_hearing(self.plot, found)
            print(f"{self.plot} shows it", file=sys.stderr if self.json else sys.stdout)
        return 0


def _table(path: Path, heard: Hearing) -> str:
    from soundini.joint.naming import stretches

    seconds = heard.sound.duration
    best = ", ".join(f"{name} {share:.0%}" for name, share in list(heard.mean.items())[:3])
    lines = [f"{path}: {best} ({seconds:.1f} s)"]
    moments = [
        (time, {name: float(values[i]) for name, values in heard.shares.items()})
        for i, time in enumerate(heard.times.tolist())
    ]
    for part in stretches(moments, seconds):
        inside = [row for time, row in moments if part.begin <= time <= part.end]
        means = {name: sum(row[name] for row in inside) / len(inside) for name in inside[0]}
        others = sorted((n for n in means if n != part.name), key=lambda n: -means[n])
        beside = ", ".join(
            f"{name} {means[name]:.0%}" for name in others[:2] if means[name] >= _LEAST_SHOWN
        )
        span = f"{part.begin:.1f} to {part.end:.1f} s"
        lines.append(f"  {span:>16}  {part.name:<12} {part.share:>4.0%}  {beside}".rstrip())
    return "\n".join(lines)


def _json_line(path: Path, heard: Hearing) -> str:
    return json.dumps(
        {
            "file": str(path),
            "mean": {name: round(share, 4) for name, share in heard.mean.items()},
            "times": [round(time, 3) for time in heard.times.tolist()],
            "shares": {n: [round(v, 4) for v in s.tolist()] for n, s in heard.shares.items()},
        }
    )


def _doubt(path: Path, heard: Hearing) -> str:
    """Why an edit by the sound may show something else; empty if nothing suggests that."""
    from soundini.editing.prepared import doubt_of

    doubt = doubt_of(heard.mean)
    return f"{path}: {shown(doubt)}" if doubt is not None else ""


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
    import numpy as np

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
    import numpy as np

    loud = np.abs(heard.sound.samples).max(0)
    edges = np.linspace(0, len(loud), min(_POINTS, len(loud)) + 1).astype(int)[:-1]
    return edges / heard.sound.sample_rate, np.maximum.reduceat(loud, edges).clip(0, 1)
