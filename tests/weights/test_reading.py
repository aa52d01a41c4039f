import os
import pickle
import warnings
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from soundini.errors import ModelError
from soundini.weights.reading import read_checkpoint
from soundini.weights.torchscript import is_torchscript, read_torchscript


class _Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


class _Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.scale = nn.Parameter(torch.tensor(2.5))
        self.register_buffer("resolution", torch.tensor(224))

    def forward(self, x):
        return self.layers(x).half() * self.scale


@pytest.fixture
def archive(tmp_path):
    network = _Network().eval()
    network.layers[0].half().float()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        nn.init.normal_(network.layers[0].weight)
        torch.jit.save(torch.jit.trace(network, torch.ones(2, 3)), tmp_path / "network.pt")
    return tmp_path / "network.pt", network.state_dict()


def _rewrite(source, target, replace):
    """Copy a zip, with the contents of some members replaced."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, replace(name, old.read(name)))
    return target


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
def test_reads_what_torch_saves(tmp_path, zipped, wrapper):
    state = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.tensor(1)}
    stored = {wrapper: state, "epoch": 3} if wrapper else state
    torch.save(stored, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "w.pt")
    assert list(read) == list(state)
    assert all(torch.equal(read[key], state[key]) for key in state)


def test_reads_safetensors(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "w.safetensors")
    assert torch.equal(read_checkpoint(tmp_path / "w.safetensors")["a"], torch.ones(2))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path, zipped):
    mark = tmp_path / "was-run"
    stored = {"weight": torch.ones(1), "payload": _Hostile(mark)}
    torch.save(stored, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError) as caught:
        read_checkpoint(tmp_path / "w.pt")
    assert "carries code" in str(caught.value)
    assert "weights_only" not in str(caught.value)
    assert not mark.exists()


def test_a_torchscript_archive_gives_the_state_dict(archive):
    path, state = archive
    assert is_torchscript(path)
    read = read_checkpoint(path)
    assert read.keys() == state.keys()
    for key, value in state.items():
        assert read[key].dtype == value.dtype
        assert torch.equal(read[key], value)


def test_code_of_a_torchscript_archive_is_not_even_parsed(archive, tmp_path):
    path, state = archive
    broken = _rewrite(
        path, tmp_path / "broken.pt", lambda n, data: b"!" if n.endswith(".py") else data
    )
    assert read_torchscript(broken).keys() == state.keys()


def test_a_hostile_torchscript_pickle_is_refused_and_not_run(archive, tmp_path):
    mark = tmp_path / "was-run"
    payload = pickle.dumps(_Hostile(mark), protocol=2)
    hostile = _rewrite(
        archive[0], tmp_path / "h.pt", lambda n, data: payload if n.endswith("data.pkl") else data
    )
    with pytest.raises(ModelError, match=r"mkdir.*none of its code was run"):
        read_checkpoint(hostile)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["eval", "getattr", "exec"])
def test_builtins_are_refused_in_a_torchscript_archive(archive, tmp_path, name):
    payload = f"cbuiltins\n{name}\n(S'1'\ntR.".encode()
    hostile = _rewrite(
        archive[0], tmp_path / "h.pt", lambda n, data: payload if n.endswith("data.pkl") else data
    )
    with pytest.raises(ModelError, match=f"asks for builtins.{name}"):
        read_checkpoint(hostile)


def test_tensors_that_reach_beyond_their_data_are_refused(archive, tmp_path):
    short = _rewrite(
        archive[0], tmp_path / "s.pt", lambda n, data: data[:4] if "/data/" in n else data
    )
    with pytest.raises(ModelError, match="wrong size"):
        read_checkpoint(short)


def test_modules_nested_without_end_are_refused(archive, tmp_path):
    # a module that holds itself: memoised, then put into its own state
    payload = b"\x80\x02c__torch__\nM\n)\x81q\x00}X\x01\x00\x00\x00ah\x00sb."
    endless = _rewrite(
        archive[0], tmp_path / "e.pt", lambda n, data: payload if n.endswith("data.pkl") else data
    )
    with pytest.raises(ModelError, match="without end"):
        read_checkpoint(endless)


def test_files_that_are_no_weights(tmp_path):
    with pytest.raises(ModelError, match="no weight file"):
        read_checkpoint(tmp_path / "absent.pt")
    for name in ("junk.pt", "junk.safetensors"):
        (tmp_path / name).write_bytes(b"junk" * 10)
        with pytest.raises(ModelError) as caught:
            read_checkpoint(tmp_path / name)
        assert "\n" not in str(caught.value)
    torch.save({"a": 1, "b": torch.ones(1)}, tmp_path / "mixed.pt")
    with pytest.raises(ModelError, match="not a state dict"):
        read_checkpoint(tmp_path / "mixed.pt")
