"""Runs a script in two processes on the CPU: as torchrun does, or as a script that forks by itself, which is quicker."""

import os
import subprocess
import sys
from pathlib import Path


def printed_by_two(script: Path) -> str:
    """What a script that two gloo processes run prints; fails where one of them does."""
    return _printed("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script)


def printed_by_forks(script: Path, *arguments: Path) -> str:
    """What a script prints that forks into two; fails where one of them does."""
    return _printed(script, *arguments)


def _printed(*words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
