import re
import warnings

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from soundini.errors import ModelError
from soundini.metrics.i3d import I3D
from soundini.weights.vision import read_i3d


@pytest.fixture(scope="module")
def layout():
    return I3D().layout()


@pytest.fixture(scope="module")
def state(layout):
    return {key: torch.full(shape, float(n)) for n, (key, shape) in enumerate(layout.items())}


def other_names(key):
    """The same tensor's name in kinetics_i3d_pytorch."""
    key = key.replace("logits.", "conv3d_0c_1x1.").replace(".bn.", ".batch3d.")
    key = (
        key.replace("Conv3d_", "conv3d_").replace("Mixed_", "mixed_").replace(".b0.", ".branch_0.")
    )
    key = re.sub(r"\.b([12])([ab])\.", lambda m: f".branch_{m[1]}.{'ab'.index(m[2])}.", key)
    return key.replace(".b3b.", ".branch_3.1.")


def same(read, state):
    return read.keys() == state.keys() and all(torch.equal(read[k], state[k]) for k in state)


def test_both_layouts_are_read_with_or_without_counters(tmp_path, layout, state):
    counters = {"Conv3d_1a_7x7.bn.num_batches_tracked": torch.tensor(7)}
    torch.save({**state, **counters}, tmp_path / "a.pt")
    assert same(read_i3d(tmp_path / "a.pt", layout), state)
    renamed = {f"module.{other_names(key)}": value for key, value in state.items()}
    assert len(renamed) == len(state)
    assert "module.conv3d_0c_1x1.conv3d.bias" in renamed
    assert "module.mixed_3b.branch_1.1.batch3d.weight" in renamed
    save_file(renamed, tmp_path / "b.safetensors")
    assert same(read_i3d(tmp_path / "b.safetensors", layout), state)


def test_tensors_of_a_torchscript_archive_are_read_and_its_code_is_not(tmp_path, layout, state):
    class Unit(nn.Module):
        def forward(self, x):
            return x

    root = Unit()
    for key, value in state.items():
        *parts, leaf = key.split(".")
        module = root
        for part in parts:
            if not hasattr(module, part):
                module.add_module(part, Unit())
            module = getattr(module, part)
        module.register_buffer(leaf, value)
    path = tmp_path / "i3d.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(root), path)
    assert same(read_i3d(path, layout), state)


def test_other_networks_are_refused_by_name(tmp_path, layout, state):
    path = tmp_path / "w.safetensors"
    save_file({"fc.weight": torch.ones(2)}, path)
    with pytest.raises(ModelError, match=r"w\.safetensors: these are not the weights of I3D"):
        read_i3d(path, layout)
    save_file({**state, "logits.conv3d.bias": torch.ones(600)}, path)
    with pytest.raises(ModelError, match=r"of another shape \(logits\.conv3d\.bias"):
        read_i3d(path, layout)
