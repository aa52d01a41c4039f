"""Fixtures of the tests of what the fuzzer found."""

import pytest

import media_factory as make
from soundini.cli import main

BOX = "8,8,16,16"


@pytest.fixture
def video(tmp_path):
    return make.write_video(tmp_path / "in.mp4", 6, size=(32, 48), audio=make.tone(0.25))


@pytest.fixture
def refused(capfd):
    """Run the command line and give the one line that it refuses by."""

    def call(*arguments):
        capfd.readouterr()
        code = main([str(a) for a in arguments])
        err = capfd.readouterr().err
        assert code == 2, err
        assert err.count("\n") == 1
        assert err.startswith("soundini: error: ")
        return err

    return call


def edit(video, *more):
    return ("edit", video, "-s", "self", "--box", BOX, "--models", "debug", *more)
