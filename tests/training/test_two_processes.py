"""The same global batch gives the same losses, however many processes share it."""

import json
from pathlib import Path

import pytest
from torch.distributed.run import parse_args

import training_runs
from two_processes import printed_by_forks


@pytest.mark.long
def test_two_processes_train_as_one(sounds, tmp_path):
    runs = training_runs.RUNS
    alone = {name: run(sounds, tmp_path / "alone" / name) for name, run in runs.items()}
    shared = json.loads(printed_by_forks(Path(training_runs.__file__), sounds, tmp_path / "shared"))
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
