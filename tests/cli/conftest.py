import csv
import os
import subprocess
import sys

import numpy as np
import pytest

import media_factory as make
from soundini.cli import main

BOX = "24,12,40,40"
SUITE = f"""
clips:
  - {{clip: one.mp4, box: "{BOX}"}}
  - {{clip: two.mp4, ellipse: "0.5,0.5,0.3,0.3"}}
sounds: {{fire: noise.wav}}
variants:
  ours: [sampling.steps=3, region.size=32]
  blended: [sampling.steps=3, region.size=32, method=blended-diffusion, blended.candidates=2]
frames: 5
shown: [two]
"""
QUICK = ("--models", "debug", "--set", "sampling.steps=3", "--set", "region.size=32")


@pytest.fixture
def video(tmp_path):
    """Six frames of 96x64 at 24 frames a second, with a tone."""
    return make.write_video(tmp_path / "in.mp4", 6, audio=make.tone(0.25))


@pytest.fixture
def sound(tmp_path):
    """Half a second of noise."""
    return write_noise(tmp_path)


def write_noise(folder):
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 24000)).astype(np.float32)
    return make.write_sound(folder / "noise.wav", noise)


def write_suite(folder):
    """Two videos and a sound, with a suite beside them."""
    for seed, name in enumerate(("one", "two")):
        make.write_video(folder / f"{name}.mp4", make.moving_frames(7, seed=seed))
    write_noise(folder)
    (folder / "suite.yaml").write_text(SUITE)
    return folder


@pytest.fixture
def out(tmp_path):
    """Where the output goes: a folder of its own, so that nothing else can lie in it."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "out.mp4"


@pytest.fixture
def run(capfd):
    """The command line in this process: exit code, stdout, stderr."""

    def call(*arguments):
        capfd.readouterr()
        code = main([str(a) for a in arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def edit(run, video, sound, out):
    """``soundini edit`` on tiny media with the tiny random models."""

    def call(*more, video=video, sound=sound, mask=("--box", BOX), output=out):
        return run("edit", video, "--sound", sound, *mask, "-o", output, *QUICK, *more)

    return call


def start(*arguments, **options):
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "soundini", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        **options,
    )


def assert_refused(result, *words):
    """Exit code 2 and exactly one line on stderr that holds the words."""
    code, _, err = result
    assert code == 2, err
    assert err.startswith("soundini: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    for word in words:
        assert word in err


@pytest.fixture
def folder(tmp_path):
    """A suite and its files."""
    return write_suite(tmp_path)


@pytest.fixture
def benchmark(run, folder):
    """``soundini benchmark`` on that suite with the tiny random models."""

    def call(*more, suite="suite.yaml"):
        arguments = ("--run", folder / "run", "--models", "debug", *more)
        return run("benchmark", folder / suite, *arguments)

    return call


def rows(folder):
    """The rows that a benchmark wrote."""
    with (folder / "run" / "jobs.csv").open() as file:
        return list(csv.DictReader(file))
