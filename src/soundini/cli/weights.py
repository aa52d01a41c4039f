"""``soundini weights``: get, check and convert the published checkpoints."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, arg

from soundini.errors import ConfigError

DAMAGED = 1
"""Exit code of ``weights verify`` where a file is damaged."""

_Names = Positional[Annotated[tuple[str, ...], arg(metavar="NAME...")]]


@dataclass(frozen=True)
class List:
    """List every checkpoint: whether it is here, its purpose, licence and origin."""

    def run(self) -> int:
        """Print the registry."""
        return _print_inventory(check=False)


@dataclass(frozen=True)
class Verify:
    """Hash every file that is here, and name the damaged ones."""

    def run(self) -> int:
        """Print the registry; 1 where a file is damaged."""
        return _print_inventory(check=True)


@dataclass(frozen=True)
class Fetch:
    """Download and import checkpoints, after saying what each is, its licence and its size."""

    names: _Names
    """Names from ``weights list``, or a pack: paper-256, paper-512, paper-512-uncond."""
    yes: FlagCreatePairsOff[bool] = False
    """Do not ask whether to go on."""
    offline: FlagCreatePairsOff[bool] = False
    """Ask no address: import what lies in the downloads folder."""
    sound_encoder: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """The sound encoder of a pack: swin_audio, vipant_audio, resnet18_audio, wav2clip_audio; else the first that can be had."""

    def run(self) -> int:
        """Say what is to be fetched, ask, download (resuming what an earlier try left), and convert."""
        from soundini.cli.fetching import fetch

        _require(
            self.names, "name the weights to fetch, or a pack: soundini weights fetch paper-256"
        )
        return fetch(
            self.names, yes=self.yes, offline=self.offline, sound_encoder=self.sound_encoder
        )


@dataclass(frozen=True)
class Import:
    """Recognise, check and convert checkpoints; nothing in them is run."""

    paths: Positional[Annotated[tuple[Path, ...], arg(metavar="FILE|FOLDER...")]]
    """Published files, or a folder that holds some."""

    def run(self) -> int:
        """Convert each; the published files may be deleted afterwards."""
        from soundini.cli.fetching import report_import
        from soundini.weights.importing import import_checkpoint, import_folder

        _require(self.paths, "name the files, or the folder they lie in")
        for path in self.paths:
            if path.is_dir():
                for done in import_folder(path):
                    report_import(done)
            else:
                report_import(import_checkpoint(path))
        return 0


@dataclass(frozen=True)
class Where:
    """Print the folders of the weights; $SOUNDINI_HOME moves them."""

    def run(self) -> int:
        """Print them."""
        from soundini.weights.store import downloads_folder, home_folder, models_folder

        print(f"home       {home_folder()}")
        print(f"downloads  {downloads_folder()}")
        print(f"models     {models_folder()}")
        return 0


@dataclass(frozen=True)
class MakeRandom:
    """Write random weights with a checkpoint's layout, to try a network without its weights."""

    layout: Annotated[str, arg(metavar="NAME", help_behavior_hint="")]
    """A name from ``weights list``."""
    output: Annotated[Path, arg(metavar="FILE.safetensors", aliases=("-o",), help_behavior_hint="")]
    """The file to write; ``weights import`` takes it."""
    seed: int = 0
    """Seed of the weights."""

    def run(self) -> int:
        """Write them."""
        from soundini.weights.importing import make_random

        print(make_random(self.layout, self.output, self.seed))
        return 0


Action = (
    Annotated[List, tyro.conf.subcommand("list")]
    | Annotated[Fetch, tyro.conf.subcommand("fetch")]
    | Annotated[Verify, tyro.conf.subcommand("verify")]
    | Annotated[Import, tyro.conf.subcommand("import")]
    | Annotated[Where, tyro.conf.subcommand("where")]
    | Annotated[MakeRandom, tyro.conf.subcommand("make-random")]
)


@dataclass(frozen=True)
class Weights:
    """List, get, check and convert the published checkpoints."""

    action: Action

    def run(self) -> int:
        """Run the chosen subcommand."""
        return self.action.run()


def _require(given: tuple[object, ...], remedy: str) -> None:
    if not given:
        raise ConfigError(remedy)


def _print_inventory(*, check: bool) -> int:
    from soundini.weights.inventory import inventory

    damaged = False
    for status in inventory(check=check):
        entry = status.entry
        damaged |= status.state == "damaged"
        packs = f"; for {', '.join(entry.packs)}" if entry.packs else ""
        print(f"{entry.name:<18} {status.state:<11} {entry.purpose}{packs}")
        print(f"{'':<18} licence: {entry.licence}")
        # the detail of a missing file says where to get it
        origin = "" if status.state == "missing" else f"from {entry.origin}"
        for line in (origin, status.path, status.detail):
            if line:
                print(f"{'':<18} {line}")
    return DAMAGED if damaged else 0
