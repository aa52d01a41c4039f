import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from soundini.errors import ModelError
from soundini.weights.importing import make_random
from soundini.weights.writing import random_tensors, write_random, write_safetensors

LAYOUT = {
    "conv.weight": (64, 32, 3, 3),
    "norm.weight": (64,),
    "norm.bias": (64,),
    "norm.running_var": (64,),
    "norm.num_batches_tracked": (),
    "scale": (),
}


def test_the_same_seed_gives_the_same_file(tmp_path):
    paths = [
        write_random(tmp_path / f"{i}.safetensors", LAYOUT, seed)
        for i, seed in enumerate((1, 1, 2))
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes() != paths[2].read_bytes()


def test_a_tensor_depends_on_its_key_and_not_on_its_neighbours():
    alone = dict(random_tensors({"norm.bias": (64,)}, 3))
    assert torch.equal(alone["norm.bias"], dict(random_tensors(LAYOUT, 3))["norm.bias"])


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    dict(random_tensors(LAYOUT, 1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_file_holds_the_layout(tmp_path, dtype):
    state = load_file(write_random(tmp_path / "w.safetensors", LAYOUT, 1, dtype))
    assert {key: tuple(value.shape) for key, value in state.items()} == LAYOUT
    assert state["norm.num_batches_tracked"].dtype == torch.int64
    assert state["conv.weight"].dtype == dtype
    expected = dict(random_tensors(LAYOUT, 1, dtype))
    assert all(torch.equal(value, expected[key]) for key, value in state.items())


def test_activations_keep_their_size():
    kernel = dict(random_tensors(LAYOUT, 1))["conv.weight"]
    x = torch.randn(1, 32, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.conv2d(x, kernel).std().item() == pytest.approx(1, abs=0.05)


def test_the_file_says_that_it_is_random(tmp_path):
    path = write_random(tmp_path / "w.safetensors", LAYOUT, 7)
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"soundini": "random weights, seed 7"}


def test_nothing_is_left_of_a_file_that_could_not_be_finished(tmp_path):
    entries = {"a": ((2,), torch.float32), "b": ((2,), torch.float32)}

    def stops():
        yield "a", torch.zeros(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_safetensors(tmp_path / "w.safetensors", entries, stops())
    with pytest.raises(ValueError, match="does not follow the header"):
        write_safetensors(tmp_path / "w.safetensors", entries, [("a", torch.zeros(3))])
    assert list(tmp_path.iterdir()) == []


def test_published_layouts_by_name(tmp_path, layouts):
    lins = load_file(make_random("lpips_vgg_lins", tmp_path / "lins.safetensors", seed=1))
    assert {k: tuple(v.shape) for k, v in lins.items()} == layouts["lpips_vgg_lin"]
    assert all((value >= 0).all() for value in lins.values())
    with pytest.raises(ModelError, match="no layout 'teapot'"):
        make_random("teapot", tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match="safetensors"):
        make_random("vgg16", tmp_path / "w.pth")
