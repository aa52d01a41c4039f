import pytest
import torch

from soundini.diffusion.adm import GUIDED_256_UNCOND, GUIDED_512_COND, build_unet
from soundini.errors import ModelError
from soundini.weights.reading import layout_of
from soundini.weights.unet import guided_layout, guided_to_diffusers, infer_config

OFFICIAL = [
    ("guided_256_uncond", GUIDED_256_UNCOND, 566, 552_814_086),
    ("guided_512_cond", GUIDED_512_COND, 645, 558_997_638),
]


@pytest.fixture(scope="module")
def empty(layouts):
    def make(name):
        return {key: torch.empty(shape, device="meta") for key, shape in layouts[name].items()}

    return make


@pytest.mark.parametrize(("name", "config", "keys", "parameters"), OFFICIAL)
def test_layout_is_the_published_one(layouts, name, config, keys, parameters):
    layout = guided_layout(config)
    assert list(layout.items()) == list(layouts[name].items())
    assert len(layout) == keys
    assert sum(torch.Size(shape).numel() for shape in layout.values()) == parameters


@pytest.mark.parametrize(("name", "config", "keys", "parameters"), OFFICIAL)
def test_every_key_maps_to_the_network(empty, name, config, keys, parameters):
    converted = guided_to_diffusers(empty(name), config)
    assert sum(value.numel() for value in converted.values()) == parameters
    with torch.device("meta"):
        network = build_unet(config.settings())
    assert layout_of(converted) == layout_of(network.state_dict())


@pytest.mark.parametrize(("name", "config", "keys", "parameters"), OFFICIAL)
def test_the_architecture_is_read_off_the_shapes(empty, name, config, keys, parameters):
    assert infer_config(empty(name), sample_size=config.sample_size) == config


def test_missing_unknown_and_misshapen_keys_are_named(empty):
    state = empty("guided_256_uncond")
    del state["out.2.bias"]
    state["teapot"] = torch.empty(1, device="meta")
    state["out.0.weight"] = torch.empty(7, device="meta")
    with pytest.raises(ModelError) as caught:
        guided_to_diffusers(state, GUIDED_256_UNCOND)
    message = str(caught.value)
    assert "1 missing (out.2.bias)" in message
    assert "1 unknown (teapot)" in message
    assert "out.0.weight (7,) instead of (256,)" in message
    assert "\n" not in message


def test_another_network_is_refused():
    with pytest.raises(ModelError, match="not a guided-diffusion U-Net"):
        infer_config({"conv_in.weight": torch.zeros(1)})
