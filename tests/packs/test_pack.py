import json

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel

from soundini import ModelError, SoundEditor
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.packs.loading import load_pack
from soundini.packs.pack import embedded_folder


@pytest.fixture
def diffusers_folder(tmp_path):
    """An unconditional pixel model as diffusers pipelines save it."""
    unet = UNet2DModel(
        sample_size=16,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
    )
    unet.save_pretrained(tmp_path / "unet")
    DDPMScheduler(beta_schedule="linear").save_pretrained(tmp_path / "scheduler")
    return tmp_path


def test_any_unconditional_diffusers_folder_edits(diffusers_folder, clip, hiss):
    pack = load_pack(diffusers_folder)
    assert pack.denoiser.prediction_type == "epsilon"
    assert pack.denoiser.stride == 2
    recipe = override(Recipe(), ["sampling.steps=2", "region.size=32", "sound.envelope=off"])
    mask = torch.zeros(48, 64).numpy()
    mask[10:40, 10:50] = 1
    result = SoundEditor(pack)(clip[:2], hiss, mask=mask, recipe=recipe)
    assert (result.frames != clip[:2]).any()


def test_the_flat_layout_loads_too(tmp_path):
    UNet2DModel(
        sample_size=16,
        layers_per_block=1,
        block_out_channels=(8,),
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        norm_num_groups=4,
    ).save_pretrained(tmp_path)
    (tmp_path / "scheduler_config.json").write_text(json.dumps(dict(DDIMScheduler().config)))
    assert load_pack(tmp_path).denoiser.schedule.num_timesteps == 1000


def test_embedded_fits_its_budget_and_is_half_precision():
    files = list(embedded_folder().rglob("*.safetensors"))
    assert len(files) >= 5
    assert sum(f.stat().st_size for f in files) <= 80e6
    hashes = load_pack("embedded").weight_hashes()
    names = {str(file.relative_to(embedded_folder())) for file in files}
    assert set(hashes) == names - {"vqgan/model.safetensors"}, "only a baseline depends on that"
    assert all(len(h) == 64 for h in hashes.values())


def test_debug_pack_is_the_same_every_time_and_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    a, b = load_pack("debug"), load_pack("debug")
    assert torch.equal(before, torch.get_rng_state())
    for x, y in zip(a.denoiser.parameters(), b.denoiser.parameters(), strict=True):
        assert torch.equal(x, y)


@pytest.mark.parametrize("harm", ["missing", "empty", "config", "truncated", "channels"])
def test_damaged_packs_are_one_line(diffusers_folder, harm):
    folder = diffusers_folder
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    if harm == "missing":
        folder = folder / "nowhere"
    elif harm == "empty":
        folder = folder / "hollow"
        folder.mkdir()
    elif harm == "config":
        (folder / "unet" / "config.json").write_text("{")
    elif harm == "truncated":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        (folder / "pack.json").write_text('{"unshuffle": 4}')
    with pytest.raises(ModelError) as error:
        load_pack(folder)
    assert "\n" not in str(error.value)


def test_raft_without_weights_says_where_to_put_them(diffusers_folder):
    with pytest.raises(ModelError, match=r"raft_large\.safetensors"):
        load_pack(diffusers_folder, flow="raft")
