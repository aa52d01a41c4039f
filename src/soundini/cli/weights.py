"""``soundini weights``: get, check and convert the published checkpoints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.weights.importing import Imported

DAMAGED = 1
"""Exit code of ``weights verify`` where a file is damaged."""

_Names = Positional[Annotated[tuple[str, ...], arg(metavar="NAME...")]]


@dataclass(frozen=True)
class List:
    """Tell of every checkpoint whether it is here, what it is for, its licence and its origin."""

    def run(self) -> int:
        """Print the registry."""
        return _print_inventory(check=False)


@dataclass(frozen=True)
class Verify:
    """Hash every file that is here, and tell which are damaged."""

    def run(self) -> int:
        """Print the registry; 1 where a file is damaged."""
        return _print_inventory(check=True)


@dataclass(frozen=True)
class Fetch:
    """Download checkpoints from their official addresses, and import them."""

    names: _Names
    """Names from ``weights list``, or a pack: paper-256, paper-512."""

    def run(self) -> int:
        """Download, resuming what an earlier try left; then convert."""
        from soundini.weights.importing import import_checkpoint
        from soundini.weights.store import fetch

        _require(
            self.names, "name the weights to fetch, or a pack: soundini weights fetch paper-256"
        )
        for name in _of_packs(self.names):
            _report(import_checkpoint(fetch(name, progress=sys.stderr.isatty())))
        return 0


@dataclass(frozen=True)
class Import:
    """Recognise, check and convert checkpoints; nothing in them is run."""

    paths: Positional[Annotated[tuple[Path, ...], arg(metavar="FILE|FOLDER...")]]
    """Published files, or a folder that holds some."""

    def run(self) -> int:
        """Convert each; the published files may be deleted afterwards."""
        from soundini.weights.importing import import_checkpoint, import_folder

        _require(self.paths, "name the files, or the folder they lie in")
        for path in self.paths:
            if path.is_dir():
                for done in import_folder(path):
                    _report(done)
            else:
                _report(import_checkpoint(path))
        return 0


@dataclass(frozen=True)
class Where:
    """Name the folders that weights live in; $SOUNDINI_HOME moves them."""

    def run(self) -> int:
        """Print them."""
        from soundini.weights.store import where

        folders = where()
        print(f"home       {folders.home}")
        print(f"downloads  {folders.downloads}")
        print(f"models     {folders.models}")
        return 0


@dataclass(frozen=True)
class MakeRandom:
    """Write random weights of a checkpoint's true layout, to try what there are no weights for."""

    layout: Annotated[str, arg(metavar="NAME", help_behavior_hint="")]
    """A name from ``weights list``."""
    output: Annotated[Path, arg(metavar="FILE.safetensors", aliases=("-o",), help_behavior_hint="")]
    """The file to write; ``weights import`` takes it."""
    seed: int = 0
    """Names the weights."""

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
        """Do what was asked."""
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
        # what is missing says in its detail where to get it
        origin = "" if status.state == "missing" else f"from {entry.origin}"
        for line in (origin, status.path, status.detail):
            if line:
                print(f"{'':<18} {line}")
    return DAMAGED if damaged else 0


def _of_packs(names: tuple[str, ...]) -> list[str]:
    """Put the checkpoints of a pack, those without a public address last, in place of its name."""
    from soundini.weights.registry import ENTRIES

    found: dict[str, None] = {}
    for name in names:
        members = sorted((e for e in ENTRIES if name in e.packs), key=lambda e: not e.urls)
        found |= dict.fromkeys([e.name for e in members] or [name])
    return list(found)


def _report(done: Imported) -> None:
    note = f", {done.note}" if done.note else ""
    print(f"{done.source.name}: {done.format}, {done.parameters:,} parameters{note}")
    print(f"  -> {done.weights}", flush=True)
