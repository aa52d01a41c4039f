"""Runs a script as torchrun does, in two processes on the CPU."""

import os
import subprocess
import sys
from pathlib import Path


def printed_by_two(script: Path) -> str:
    """What a script that two gloo processes run prints; fails where one of them does."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*command, "--nproc-per-node", "2", str(script)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
