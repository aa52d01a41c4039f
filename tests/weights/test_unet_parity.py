"""The converted U-Net computes what ADM computes."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from soundini.diffusion.adm import WEIGHTS_FILE, AdmConfig, build_unet, load_unet
from soundini.weights.unet import guided_layout, guided_to_diffusers

_SPEC = importlib.util.spec_from_file_location(
    "plain_adm", Path(__file__).with_name("plain_adm.py")
)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
plain_adm = _MODULE.plain_adm

SIZES = {
    "two levels": AdmConfig((64, 128), (1,), model_channels=64),
    "three levels, one block": AdmConfig(
        (32, 64, 64), (1, 2), model_channels=32, num_res_blocks=1, num_head_channels=32
    ),
    "narrow first level": AdmConfig((32, 64, 128), (2,), model_channels=64, out_channels=3),
}


def _with_labels(config, labelled):
    return AdmConfig(**{**config.__dict__, "num_classes": 7 if labelled else None})


@pytest.fixture(scope="module")
def make(random_state):
    def build(config, seed=0):
        state = random_state(guided_layout(config), seed)
        unet = build_unet(config.settings()).eval()
        unet.load_state_dict(guided_to_diffusers(state, config))
        return state, unet

    return build


@pytest.mark.parametrize("labelled", [False, True], ids=["no labels", "labels"])
@pytest.mark.parametrize("size", SIZES)
@torch.no_grad()
def test_equals_a_plain_adm(make, size, labelled):
    config = _with_labels(SIZES[size], labelled)
    state, unet = make(config)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 3, 16, 24, generator=generator)
    timesteps, labels = torch.tensor([3.0, 987.0]), torch.tensor([0, 6]) if labelled else None
    expected = plain_adm(
        state,
        x,
        timesteps,
        labels,
        num_res_blocks=config.num_res_blocks,
        head_channels=config.num_head_channels,
    )
    out = unet(x, timesteps, class_labels=labels).sample
    assert out.shape == (2, config.out_channels, 16, 24)
    assert expected.std() > 0.1
    assert (out - expected).abs().max() < 1e-5


def test_gradient_to_the_frames_equals_a_plain_adm(make):
    state, unet = make(SIZES["two levels"])
    start = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    gradients = []
    for run in (
        lambda x, t: unet(x, t).sample,
        lambda x, t: plain_adm(state, x, t, num_res_blocks=2),
    ):
        x = start.clone().requires_grad_()
        run(x, torch.tensor([500.0])).square().mean().backward()
        gradients.append(x.grad)
    assert torch.allclose(*gradients, atol=1e-6, rtol=1e-4)


def test_labels_and_timesteps_act(make):
    _, unet = make(_with_labels(SIZES["narrow first level"], True))
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        a, b, c = (
            unet(x, torch.tensor([t]), class_labels=torch.tensor([y])).sample
            for t, y in ((10.0, 1), (10.0, 2), (11.0, 1))
        )
    assert (a - b).abs().max() > 1e-3
    assert (a - c).abs().max() > 1e-3


@pytest.mark.parametrize("size", ["two levels", "narrow first level"])
@torch.no_grad()
def test_survives_a_folder_without_touching_the_random_state(make, tmp_path, size):
    config = SIZES[size]
    _, unet = make(config)
    (tmp_path / "config.json").write_text(json.dumps(config.settings()))
    save_file(unet.state_dict(), tmp_path / WEIGHTS_FILE)
    before = torch.get_rng_state()
    loaded = load_unet(tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(p.requires_grad for p in loaded.parameters())
    state = unet.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in loaded.state_dict().items())
    x = torch.ones(1, 3, 16, 16)
    # not to the bit: what is mapped from a file is aligned otherwise, and may take another kernel
    assert torch.allclose(loaded(x, 5).sample, unet(x, 5).sample, atol=1e-5)


@torch.no_grad()
def test_channels_last_and_checkpointing_change_nothing(make):
    _, unet = make(SIZES["two levels"])
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(4))
    expected = unet(x, 7).sample
    unet.to(memory_format=torch.channels_last)
    unet.enable_gradient_checkpointing()
    with torch.enable_grad():
        out = unet(x.contiguous(memory_format=torch.channels_last).requires_grad_(), 7).sample
    assert torch.allclose(out, expected, atol=1e-5)


@pytest.mark.gpu
@torch.no_grad()
def test_equals_a_plain_adm_on_a_gpu(make, gpu, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    config = _with_labels(SIZES["narrow first level"], True)
    state, unet = make(config)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    timesteps, labels = torch.tensor([3.0, 987.0]), torch.tensor([0, 6])
    expected = plain_adm(state, x, timesteps, labels, num_res_blocks=2)
    out = unet.to(gpu)(x.to(gpu), timesteps.to(gpu), class_labels=labels.to(gpu)).sample
    assert torch.allclose(out.cpu(), expected, atol=1e-4)
