"""The network: parity with diffusers' own, the codebook, and its folder."""

import json

import pytest
import torch
from diffusers import VQModel
from safetensors.torch import save_file

from soundini.baselines.vqgan.config import OFFICIAL, VQGANConfig
from soundini.baselines.vqgan.loading import build_vqgan, config_text, load_vqgan
from soundini.errors import ModelError

PLAIN = VQGANConfig(
    ch=16,
    ch_mult=(1, 2, 2),
    num_res_blocks=2,
    attn_resolutions=(8,),
    z_channels=6,
    embed_dim=4,
    n_embed=12,
    resolution=32,
    norm_groups=8,
)
UNIT = VQGANConfig(**{**vars(PLAIN), "unit_codes": True})

# what taming-transformers calls it -> what diffusers calls it; by hand, and not from the code under test
PARTS = {
    "nin_shortcut": "conv_shortcut",
    "mid.block_1": "mid_block.resnets.0",
    "mid.block_2": "mid_block.resnets.1",
    "mid.attn_1": "mid_block.attentions.0",
    "norm_out": "conv_norm_out",
    "downsample.conv": "downsamplers.0.conv",
    "upsample.conv": "upsamplers.0.conv",
    ".block.": ".resnets.",
    ".attn.": ".attentions.",
}
ATTENTION = {
    ".norm.": ".group_norm.",
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "proj_out": "to_out.0",
}


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def as_diffusers(state, levels):
    renamed = {}
    for key, value in state.items():
        for level in range(levels):
            key = key.replace(f"encoder.down.{level}.", f"encoder.down_blocks.{level}.")
            key = key.replace(f"decoder.up.{level}.", f"decoder.up_blocks.{levels - 1 - level}.")
        for theirs, ours in PARTS.items():
            key = key.replace(theirs, ours)
        if "attentions" in key:
            key = key.replace(".norm.", ".group_norm.")
            for part in ("q", "k", "v", "proj_out"):
                if f".{part}." in key:
                    key = key.replace(f".{part}.", f".{ATTENTION[part]}.")
                    value = value[..., 0, 0] if value.ndim == 4 else value
        renamed[key] = value
    return renamed


@pytest.mark.parametrize("factor", [1, 3])
def test_computes_what_diffusers_vqmodel_does(factor):
    """Encoder, codebook and decoder, attention at the coarsest level included, on sides that need not be square."""
    ours = build_vqgan(PLAIN, 3).eval()
    theirs = VQModel(
        down_block_types=("DownEncoderBlock2D",) * 2 + ("AttnDownEncoderBlock2D",),
        up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 2,
        block_out_channels=PLAIN.widths,
        layers_per_block=2,
        latent_channels=6,
        num_vq_embeddings=12,
        norm_num_groups=8,
        vq_embed_dim=4,
    ).eval()
    for attention in (m for m in theirs.modules() if hasattr(m, "to_q")):
        attention.heads = 1
    theirs.load_state_dict(as_diffusers(ours.state_dict(), 3))
    x = random(2, 3, 8 * factor, 16).clamp(-1, 1)
    with torch.no_grad():
        torch.testing.assert_close(ours.encode(x), theirs.encode(x).latents, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours(x), theirs(x).sample, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("config", [PLAIN, UNIT])
def test_every_position_takes_the_nearest_code(config):
    vqgan = build_vqgan(config)
    z = vqgan.quantize.compared(random(2, 4, 3, 5))
    codes, numbers = vqgan.quantize(z)
    table = vqgan.quantize.codes()
    distances = torch.cdist(z.movedim(1, -1).reshape(-1, 4), table)
    assert torch.equal(numbers.flatten(), distances.argmin(1))
    assert torch.equal(codes.movedim(1, -1).reshape(-1, 4), table[numbers.flatten()])


def test_what_is_decoded_is_codes_and_their_gradient_goes_straight_through():
    vqgan = build_vqgan(PLAIN)
    z = random(1, 4, 3, 3).requires_grad_()
    codes = vqgan.straight_through(z)
    torch.testing.assert_close(codes, vqgan.quantize(z)[0])
    weight = random(1, 4, 3, 3, seed=1)
    (gradient,) = torch.autograd.grad((codes * weight).sum(), z)
    assert torch.equal(gradient, weight)


def test_latents_of_unit_codes_feel_only_what_turns_them():
    vqgan = build_vqgan(UNIT)
    z = random(1, 4, 3, 3).requires_grad_()
    weight = random(1, 4, 3, 3, seed=1)
    (gradient,) = torch.autograd.grad((vqgan.straight_through(z) * weight).sum(), z)
    assert gradient.abs().max() > 0.1
    assert (gradient * z).sum(1).abs().max() < 1e-5


def test_latents_are_kept_where_codes_are():
    far = 100 * random(1, 4, 3, 3)
    plain, unit = build_vqgan(PLAIN), build_vqgan(UNIT)
    low, high = plain.quantize.codes().aminmax(dim=0)
    kept = plain.quantize.confine(far).movedim(1, -1)
    assert ((kept >= low) & (kept <= high)).all()
    torch.testing.assert_close(unit.quantize.confine(far).norm(dim=1), torch.ones(1, 3, 3))


def test_the_random_state_is_left_alone():
    before = torch.get_rng_state()
    build_vqgan(UNIT, 5)
    assert torch.equal(torch.get_rng_state(), before)


def write(folder, config=UNIT):
    (folder / "config.json").write_text(config_text(config))
    save_file(
        {k: v.half() for k, v in build_vqgan(config).state_dict().items()},
        folder / "model.safetensors",
    )
    return folder


def test_a_folder_is_loaded_as_it_was_written(tmp_path):
    vqgan = load_vqgan(write(tmp_path))
    assert vqgan.config == UNIT
    assert not any(p.requires_grad for p in vqgan.parameters())
    for key, value in build_vqgan(UNIT).state_dict().items():
        torch.testing.assert_close(vqgan.state_dict()[key], value, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("harm", ["missing", "truncated", "codes", "setting", "no json"])
def test_a_damaged_folder_is_one_clear_error(tmp_path, harm):
    folder = write(tmp_path)
    settings, weights = folder / "config.json", folder / "model.safetensors"
    if harm == "missing":
        weights.unlink()
    elif harm == "truncated":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif harm == "codes":
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "n_embed": 13}))
    elif harm == "setting":
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "teapot": 1}))
    else:
        settings.write_text("{")
    with pytest.raises(ModelError) as caught:
        load_vqgan(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_official_ones_cut_a_picture_in_cells_of_sixteen():
    assert {config.factor for config in OFFICIAL.values()} == {16}
    assert [config.attends(level) for config in OFFICIAL.values() for level in range(5)] == [
        *(False, False, False, False, True),
    ] * 2
