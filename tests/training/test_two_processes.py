"""The same global batch gives the same losses, however many processes share it."""

import json
from pathlib import Path

import pytest
from torch.distributed.run import parse_args

import training_runs
from two_processes import printed_by_two

SCRIPT = """
import json
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import torch
from soundini.training.distributed import Workers
from training_runs import RUNS
torch.set_num_threads(1)
workers = Workers.join()
folder = Path({folder!r})
losses = {{k: run({data!r}, folder / k, workers=workers) for k, run in RUNS.items()}}
workers.leave()
if workers.first:
    print(json.dumps(losses))
"""


def test_two_processes_train_as_one(sounds, tmp_path):
    runs = training_runs.RUNS
    alone = {name: run(sounds, tmp_path / "alone" / name) for name, run in runs.items()}
    script = tmp_path / "shared.py"
    tests = Path(training_runs.__file__).parent
    script.write_text(
        SCRIPT.format(tests=str(tests), folder=str(tmp_path / "shared"), data=str(sounds))
    )
    printed = printed_by_two(script)
    shared = json.loads(printed)
    for name, losses in alone.items():
        assert shared[name] == pytest.approx(losses, rel=1e-3), name


def test_torchrun_takes_the_command_of_the_docs():
    """Without the two dashes it takes ``--run`` for an option of its own."""
    words = [
        "--nproc-per-node",
        "2",
        "-m",
        "--",
        "soundini",
        "train",
        "prior",
        "DATA",
        "--run",
        "FOLDER",
        "-o",
        "PACK",
    ]
    taken = parse_args(words)
    assert taken.training_script == "soundini"
    assert taken.training_script_args == words[5:]
    docs = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    commands = [line for line in docs.split("`") if line.strip().startswith("torchrun")]
    assert commands
    assert all("-m -- soundini" in command for command in commands)
