"""Random weights of the paper's models, at their true sizes: they take the time and the memory of the real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from soundini.weights.registry import ENTRIES
from soundini.weights.store import HOME_VARIABLE


def parts_of(packs: Sequence[str]) -> list[str]:
    """Names of the checkpoints that the packs take."""
    return [entry.name for entry in ENTRIES if set(packs) & set(entry.packs)]


@contextmanager
def weights_home(parts: Sequence[str], given: Path | None) -> Iterator[dict[str, str]]:
    """The environment in which ``soundini`` finds the checkpoints.

    Args:
        parts: which are made, at random, by the commands that docs/paper-scale.md tells of.
        given: a folder of SOUNDINI_HOME that holds them already, or None for one that is made and
            deleted again.
    """
    if given is not None:
        yield os.environ | {HOME_VARIABLE: str(given)}
        return
    with tempfile.TemporaryDirectory(prefix="soundini-random-") as home:
        environment = os.environ | {HOME_VARIABLE: home}
        for part in parts:
            print(f"random weights: {part}", flush=True)
            file = str(Path(home) / f"{part}.safetensors")
            for action in (("make-random", "--layout", part, "-o", file), ("import", file)):
                command = [sys.executable, "-m", "soundini", "weights", *action]
                subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            Path(file).unlink()
        yield environment
