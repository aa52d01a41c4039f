"""``soundini hear``: what the models hear in sounds."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import FlagCreatePairsOff, Positional, arg

from soundini.cli.picture import check_picture
from soundini.cli.words import shown
from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.editing.sound_track import Hearing

_LEAST_SHOWN = 0.05
"""Least share of a class that is listed beside the likeliest."""


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
            from soundini.cli.hearing_picture import write_hearing

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
