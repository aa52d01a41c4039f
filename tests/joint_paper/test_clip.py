"""CLIP against open_clip's own loading, and against a vision transformer from the paper."""

import sys
import warnings
import zipfile

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from soundini.errors import ModelError
from soundini.joint.clip import ClipTowers
from soundini.weights.formats import clip_format
from soundini.weights.importing import import_checkpoint

open_clip = pytest.importorskip("open_clip")


@pytest.fixture(scope="module")
def towers(clip_state):
    return ClipTowers(clip_state)


@pytest.fixture(scope="module")
def theirs(clip_state):
    """The same weights, as open_clip itself builds OpenAI's models."""
    from open_clip.model import build_model_from_openai_state_dict

    with torch.random.fork_rng(devices=[]):
        network = build_model_from_openai_state_dict(
            {key: value.clone() for key, value in clip_state.items()}, cast_dtype=None
        )
    # it rounds its weights to half precision on the way; give it ours again
    network = network.float()
    network.load_state_dict(clip_state)
    return network.eval()


@pytest.fixture
def images(clip_config):
    size = clip_config.image_size
    return torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def _normalised(images):
    mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(open_clip.OPENAI_DATASET_STD).view(1, 3, 1, 1)
    return ((images + 1) / 2 - mean) / std


@torch.no_grad()
def test_images_equal_open_clips(towers, theirs, images):
    expected = theirs.encode_image(_normalised(images), normalize=True)
    assert towers.embed_images(images).shape == (3, towers.dim)
    assert torch.allclose(towers.embed_images(images), expected, atol=1e-6)


@torch.no_grad()
def test_texts_equal_open_clips(towers, theirs):
    texts = ["fire", "an explosion at sea", "fire " * 200]
    expected = theirs.encode_text(open_clip.tokenize(texts), normalize=True)
    out = towers.embed_text(texts)
    assert torch.allclose(out, expected, atol=1e-6)
    assert (out[0] - out[1]).abs().max() > 1e-3


def _plain_vit(state, x, width=64):
    """Dosovitskiy et al. 2020 with CLIP's norm before the blocks, QuickGELU, projection."""

    def norm(h, name):
        return F.layer_norm(h, (width,), state[f"{name}.weight"], state[f"{name}.bias"])

    def linear(h, name):
        return F.linear(h, state[f"{name}.weight"], state[f"{name}.bias"])

    kernel = state["visual.conv1.weight"]
    x = F.conv2d(x, kernel, stride=kernel.shape[-1]).flatten(2).transpose(1, 2)
    first = state["visual.class_embedding"].expand(len(x), 1, width)
    x = torch.cat([first, x], 1) + state["visual.positional_embedding"]
    x = norm(x, "visual.ln_pre")
    for i in range(2):
        name = f"visual.transformer.resblocks.{i}"
        attention = F.linear(
            norm(x, f"{name}.ln_1"),
            state[f"{name}.attn.in_proj_weight"],
            state[f"{name}.attn.in_proj_bias"],
        )
        q, k, v = attention.chunk(3, -1)  # one head of 64 channels
        mixed = (q @ k.transpose(1, 2) / 8).softmax(-1) @ v
        x = x + linear(mixed, f"{name}.attn.out_proj")
        hidden = linear(norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc")
        x = x + linear(hidden * torch.sigmoid(1.702 * hidden), f"{name}.mlp.c_proj")
    return F.normalize(norm(x[:, 0], "visual.ln_post") @ state["visual.proj"], dim=-1)


@torch.no_grad()
def test_images_equal_a_vision_transformer_from_the_paper(towers, clip_state, images):
    expected = _plain_vit(clip_state, _normalised(images))
    assert torch.allclose(towers.embed_images(images), expected, atol=1e-5)


def test_gradients_reach_the_images_and_not_the_weights(towers, images):
    images.requires_grad_()
    towers.embed_images(images)[:, 0].sum().backward()
    assert images.grad.abs().sum(dim=(1, 2, 3)).min() > 0
    assert not any(p.requires_grad for p in towers.parameters())


def test_half_precision_weights_are_read(clip_state, towers, images):
    half = ClipTowers({key: value.half() for key, value in clip_state.items()})
    with torch.no_grad():
        assert torch.allclose(half.embed_images(images), towers.embed_images(images), atol=1e-2)


def test_building_leaves_the_global_random_state_alone(clip_state):
    before = torch.get_rng_state()
    ClipTowers(clip_state)
    assert torch.equal(torch.get_rng_state(), before)


@torch.no_grad()
def test_the_published_archive_is_read_without_running_it(clip_config, clip_state, tmp_path):
    # the official file is a traced module in half precision; its code is thrown away here
    towers = ClipTowers(clip_state)
    network = towers.network
    for name, size in (("input_resolution", 32), ("context_length", 77), ("vocab_size", 49_408)):
        vars(network).pop(name, None)
        network.register_buffer(name, torch.tensor(size))
    tokens = open_clip.tokenize(["rain"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network, (torch.zeros(1, 3, 32, 32), tokens), check_trace=False)
        torch.jit.save(traced.half(), tmp_path / "traced.pt")
    path = tmp_path / "ViT-tiny.pt"
    with zipfile.ZipFile(tmp_path / "traced.pt") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"" if name.endswith(".py") else old.read(name))
    imported = import_checkpoint(path, tmp_path, (clip_format("clip_tiny", clip_config),))
    read = load_file(imported.weights)
    assert read.keys() == clip_state.keys()
    assert all(torch.equal(read[key], clip_state[key].half()) for key in read)


def test_wrong_weights_are_refused(clip_state):
    with pytest.raises(ModelError, match="not the weights of a CLIP"):
        ClipTowers({"visual.conv1.weight": torch.zeros(1, 3, 2, 2)})
    short = {key: value for key, value in clip_state.items() if key != "visual.proj"}
    with pytest.raises(ModelError, match="not the weights of a CLIP"):
        ClipTowers(short)


def test_without_open_clip_the_error_says_what_to_install(clip_state, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelError, match=r"pip install 'soundini\[paper\]'$"):
        ClipTowers(clip_state)
