"""From published files to what soundini loads, and what is said on the way."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from soundini.diffusion.adm import AdmConfig, load_unet
from soundini.diffusion.schedule import NoiseSchedule
from soundini.errors import ModelError
from soundini.weights import formats as formats_module
from soundini.weights.formats import guided_format
from soundini.weights.importing import import_checkpoint, import_folder, make_random
from soundini.weights.inventory import inventory, paper_folders, ready_weights
from soundini.weights.store import downloads_folder, models_folder, sha256
from soundini.weights.unet import guided_layout, guided_to_diffusers

CONFIG = AdmConfig((32, 64), (1,), model_channels=64, num_classes=5, sample_size=32)
FORMATS = (guided_format("guided_tiny", CONFIG),)


@pytest.fixture
def state(random_state):
    return random_state(guided_layout(CONFIG), 4)


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors", "wrapped", "module"])
def test_a_unet_is_converted_once(tmp_path, state, kind):
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pt")
    stored = {f"module.{k}": v for k, v in state.items()} if kind == "module" else state
    if kind == "safetensors":
        save_file(stored, path)
    elif kind == "wrapped":
        torch.save({"state_dict": stored}, path)
    else:
        torch.save(stored, path, _use_new_zipfile_serialization=kind != "legacy")
    imported = import_checkpoint(path, tmp_path, FORMATS)
    expected = guided_to_diffusers(state, CONFIG)
    read = load_file(imported.weights)
    assert all(torch.equal(read[key], value) for key, value in expected.items())
    assert imported.tensors == len(read) == len(expected)
    assert imported.parameters == sum(v.numel() for v in state.values())
    assert imported.source_sha256 == sha256(path)
    note = json.loads(imported.weights.with_suffix(".source.json").read_text())
    assert (note["format"], note["sha256"]) == ("guided_tiny", sha256(imported.weights))


@torch.no_grad()
def test_the_folder_loads_as_a_denoiser_with_its_schedule(tmp_path, state):
    torch.save(state, tmp_path / "w.pt")
    folder = import_checkpoint(tmp_path / "w.pt", tmp_path, FORMATS).weights.parent
    out = load_unet(folder)(torch.zeros(1, 3, 16, 16), 5, class_labels=torch.tensor([3])).sample
    assert out.shape == (1, 6, 16, 16)
    assert out.isfinite().all()
    scheduler = json.loads((folder / "scheduler_config.json").read_text())
    schedule = NoiseSchedule.from_diffusers(scheduler)
    assert schedule.num_timesteps == 1000
    assert schedule.abar(0) == pytest.approx(1 - 1e-4, rel=1e-6)
    assert scheduler["variance_type"] == "learned_range"


def test_a_plain_network_loads_with_diffusers_alone(tmp_path, random_state):
    from diffusers import UNet2DModel

    config = AdmConfig((32, 64), (1,), model_channels=32)
    torch.save(random_state(guided_layout(config)), tmp_path / "w.pt")
    kinds = (guided_format("guided_plain", config),)
    folder = import_checkpoint(tmp_path / "w.pt", tmp_path, kinds).weights.parent
    theirs = UNet2DModel.from_pretrained(folder, low_cpu_mem_usage=False)
    x = torch.ones(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(theirs(x, 5).sample, load_unet(folder)(x, 5).sample, atol=1e-5)


def test_random_weights_can_be_imported(tmp_path, monkeypatch):
    monkeypatch.setattr(formats_module, "FORMATS", FORMATS)
    path = make_random("guided_tiny", tmp_path / "random.safetensors", seed=2)
    imported = import_checkpoint(path, tmp_path, FORMATS)
    assert imported.weights.is_file()
    assert imported.note == "random weights, seed 2"


def test_random_weights_never_pass_for_real_ones(tmp_path):
    path = make_random("lpips_vgg_lins", tmp_path / "random.safetensors", seed=2)
    import_checkpoint(path, tmp_path)
    (status,) = [s for s in inventory(tmp_path, check=True) if s.entry.name == "lpips_vgg_lins"]
    assert (status.state, status.detail) == ("ready", "random weights, seed 2")


def test_missing_keys_are_named_with_the_file(tmp_path, state):
    del state["out.2.bias"]
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"w\.pt: .*1 missing \(out\.2\.bias\)"):
        import_checkpoint(tmp_path / "w.pt", tmp_path, FORMATS)
    assert not models_folder(tmp_path).exists()


def test_an_unknown_checkpoint_is_refused(tmp_path):
    torch.save({"teapot": torch.zeros(1)}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"w\.pt: .*is none of guided_256_uncond"):
        import_checkpoint(tmp_path / "w.pt", tmp_path)


def test_importing_twice_replaces(tmp_path, state):
    torch.save(state, tmp_path / "w.pt")
    first = import_checkpoint(tmp_path / "w.pt", tmp_path, FORMATS)
    again = import_checkpoint(tmp_path / "w.pt", tmp_path, FORMATS)
    assert first == again
    assert not list(tmp_path.rglob("*.partial"))


def test_a_folder_of_files_is_imported(tmp_path, state, layouts, random_state):
    (tmp_path / "in").mkdir()
    torch.save(state, tmp_path / "in" / "a.pt")
    torch.save(random_state(layouts["lpips_vgg_lin"]), tmp_path / "in" / "vgg.pth")
    (tmp_path / "in" / "README.md").write_text("not a checkpoint")
    kinds = (*FORMATS, *formats_module.FORMATS)
    names = [done.format for done in import_folder(tmp_path / "in", tmp_path, kinds)]
    assert names == ["guided_tiny", "lpips_vgg_lins"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no checkpoint in"):
        list(import_folder(tmp_path / "empty", tmp_path))


def test_a_bad_file_ends_the_import_and_what_was_imported_before_stays(tmp_path, state):
    (tmp_path / "in").mkdir()
    torch.save(state, tmp_path / "in" / "a.pt")
    (tmp_path / "in" / "b.pt").write_bytes(b"damaged")
    importing = import_folder(tmp_path / "in", tmp_path, FORMATS)
    done = next(importing)
    with pytest.raises(ModelError, match=r"b\.pt"):
        next(importing)
    assert done.weights.is_file()


def _states(home, check=False):
    return {status.entry.name: status.state for status in inventory(home, check=check)}


def test_the_inventory_follows_a_checkpoint(tmp_path, layouts, random_state):
    assert set(_states(tmp_path).values()) == {"missing"}
    download = downloads_folder(tmp_path) / "vgg.pth"
    download.parent.mkdir()
    torch.save(random_state(layouts["lpips_vgg_lin"]), download)
    assert _states(tmp_path)["lpips_vgg_lins"] == "downloaded"
    # the hash of the real file is published, and this is not it
    assert _states(tmp_path, check=True)["lpips_vgg_lins"] == "damaged"
    weights = import_checkpoint(download, tmp_path).weights
    assert _states(tmp_path, check=True)["lpips_vgg_lins"] == "ready"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert _states(tmp_path)["lpips_vgg_lins"] == "ready"
    assert _states(tmp_path, check=True)["lpips_vgg_lins"] == "damaged"


def test_what_is_missing_says_how_to_get_it(tmp_path):
    with pytest.raises(ModelError) as caught:
        ready_weights("clip_vit_b32", tmp_path)
    message = str(caught.value)
    assert "soundini weights fetch clip_vit_b32" in message
    assert "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af" in message
    assert str(downloads_folder(tmp_path)) in message
    assert "\n" not in message
    assert "as ViT-B-32.pt" in message


def _place(home, name):
    path = models_folder(home) / formats_module.find_format(name).weights
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_a_pack_is_its_parts(tmp_path):
    with pytest.raises(ModelError, match="no pack 'paper-1024'"):
        paper_folders("paper-1024", tmp_path)
    with pytest.raises(ModelError, match="guided_512_cond is missing"):
        paper_folders("paper-512", tmp_path)
    for name in ("guided_512_cond", "clip_vit_b16", "resnet18_audio"):
        _place(tmp_path, name)
    parts = paper_folders("paper-512", tmp_path)
    assert (parts.unet.name, parts.clip.name) == ("guided_512_cond", "clip_vit_b16")
    assert (parts.sound.name, parts.raft, parts.lpips) == ("resnet18_audio", None, None)
    with pytest.raises(ModelError, match="swin_audio is missing"):
        paper_folders("paper-512", tmp_path, sound="swin_audio")
    for name in ("raft_large", "vgg16"):
        _place(tmp_path, name)
    assert paper_folders("paper-512", tmp_path).lpips is None
    _place(tmp_path, "lpips_vgg_lins")
    parts = paper_folders("paper-512", tmp_path)
    assert parts.lpips == models_folder(tmp_path) / "lpips"
    assert set(parts.weights) == {
        "guided_512_cond",
        "clip_vit_b16",
        "resnet18_audio",
        "raft_large",
        "vgg16",
        "lpips_vgg_lins",
    }
