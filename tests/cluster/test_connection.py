import socket
import sys

import pytest

from soundini.cli import main


@pytest.fixture
def command(tmp_path):
    """A batch of nothing that is there, on a cluster that is none."""
    file = tmp_path / "jobs.yaml"
    file.write_text("video: a.mp4\nsound: self\nmask: {whole_frame: true}\n")
    return lambda address, *more: main(["batch", str(file), "--cluster", address, *more])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("scheme", ["ray://", ""])
def test_cluster_that_is_not_there_is_told_at_once(command, capsys, scheme):
    assert command(f"{scheme}127.0.0.1:{free_port()}") == 2
    error = capsys.readouterr().err
    assert "no Ray cluster answers at" in error
    assert error.count("\n") == 1


def test_address_that_is_none_is_told(command, capsys):
    assert command("nonsense") == 2
    assert "cannot reach a Ray cluster at nonsense" in capsys.readouterr().err


def test_without_ray_its_extra_is_named(command, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command("auto") == 2
    assert "pip install 'soundini[cluster]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--worker-memory", "much"),
        ("--worker-cpus", "0"),
        ("--workers", "0"),
        ("--worker-gpus", "-1"),
    ],
)
def test_amounts_that_are_none_are_told(command, capsys, option, value):
    assert command("nonsense", option, value) == 2
    assert f"{option} {value}" in capsys.readouterr().err
