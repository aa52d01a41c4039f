"""The official VQGANs: what Lightning's checkpoints hold besides the model, and where a pack finds the imported ones."""

import pickle
import sys
import types
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from soundini.baselines.vqgan.config import OFFICIAL, VQGANConfig
from soundini.baselines.vqgan.loading import build_vqgan, config_text, load_vqgan
from soundini.errors import ModelError
from soundini.packs.debug import debug_pack
from soundini.packs.pack import embedded_folder
from soundini.packs.paper import vqgan_folder, vqgan_weights
from soundini.weights.formats import recognise, vqgan_format
from soundini.weights.importing import import_checkpoint
from soundini.weights.reading import read_checkpoint
from soundini.weights.store import models_folder
from soundini.weights.vision import clean_vqgan

TINY = VQGANConfig(32, (1, 2), 1, (16,), 32, 8, 24, resolution=32)
FORMATS = (vqgan_format("vqgan_tiny", TINY),)
CALLBACK = "pytorch_lightning.callbacks.model_checkpoint"


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """A checkpoint as Lightning 1.0 wrote them: the class of a callback, an optimiser, and the losses' networks."""
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", CALLBACK):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    callback = type("ModelCheckpoint", (), {"__module__": CALLBACK})
    sys.modules[CALLBACK].ModelCheckpoint = callback
    state = build_vqgan(TINY, 4).state_dict()
    loss = {
        "loss.discriminator.main.0.weight": torch.zeros(4, 3, 4, 4),
        "loss.perceptual_loss.lin0.model.1.weight": torch.zeros(1, 64, 1, 1),
        "loss.discriminator.main.3.num_batches_tracked": torch.tensor(7),
    }
    content = {
        "epoch": 3,
        "callbacks": {callback: {"best_model_score": torch.tensor(0.3), "monitor": "val/rec_loss"}},
        "optimizer_states": [{"state": {0: {"step": 5}}}],
        "state_dict": {**state, **loss},
    }
    torch.save(content, tmp_path / "last.ckpt")
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", CALLBACK):
        monkeypatch.delitem(sys.modules, name)
    return tmp_path / "last.ckpt"


def test_a_lightning_checkpoint_is_imported_without_its_losses(checkpoint, tmp_path):
    allowed = set(torch.serialization.get_safe_globals())
    imported = import_checkpoint(checkpoint, tmp_path, FORMATS)
    assert set(torch.serialization.get_safe_globals()) == allowed
    assert CALLBACK not in sys.modules
    vqgan = load_vqgan(imported.weights.parent)
    assert vqgan.config == TINY
    expected = build_vqgan(TINY, 4)
    assert all(torch.equal(v, vqgan.state_dict()[k]) for k, v in expected.state_dict().items())
    x = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(vqgan(x), expected(x))


class _Hostile:
    def __reduce__(self):
        return (exec, ("raise SystemExit('ran')",))


def test_a_hostile_checkpoint_is_refused_and_not_run(tmp_path):
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": build_vqgan(TINY).state_dict(), "callbacks": _Hostile()}, path)
    with pytest.raises(ModelError, match="carries code"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps({"state_dict": _Hostile()}))
    with pytest.raises(ModelError):
        read_checkpoint(path)


@pytest.mark.parametrize("harm", ["missing", "unknown", "shape"])
def test_a_checkpoint_that_is_not_whole_is_refused(harm):
    state = build_vqgan(TINY).state_dict()
    if harm == "missing":
        del state["post_quant_conv.bias"]
    elif harm == "unknown":
        state["teapot"] = torch.zeros(1)
    else:
        state["encoder.conv_in.bias"] = torch.zeros(33)
    with pytest.raises(ModelError, match="a VQGAN of 24 codes"):
        clean_vqgan(state, TINY)


def test_one_of_other_codes_is_none_of_those_known():
    state = {k: v.to("meta") for k, v in build_vqgan(TINY).state_dict().items()}
    with pytest.raises(ModelError, match="vqgan_imagenet_f16_16384"):
        recognise(state)


def _place(home, name):
    folder = models_folder(home) / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config_text(TINY))
    save_file({"a": torch.zeros(1)}, folder / "model.safetensors")
    return folder


def test_a_pack_finds_its_own_the_embedded_or_an_imported_one(tmp_path):
    pack = debug_pack()
    small, large = reversed([_place(tmp_path, name) for name in reversed(OFFICIAL)])
    embedded = embedded_folder() / "vqgan"
    assert (
        vqgan_folder(pack, home=tmp_path) == embedded
    )  # an import changes no edit but the paper's packs'
    paper = _renamed(pack, "paper-256")
    assert vqgan_folder(paper, home=tmp_path) == large
    assert vqgan_folder(paper, "embedded", home=tmp_path) == embedded
    assert vqgan_folder(pack, small.name, home=tmp_path) == small
    own = tmp_path / "pack"
    (own / "vqgan").mkdir(parents=True)
    (large / "model.safetensors").rename(own / "vqgan" / "model.safetensors")
    mine = _renamed(pack, "mine", own)
    assert vqgan_folder(mine, home=tmp_path) == own / "vqgan"
    assert vqgan_weights(mine) == {"vqgan": own / "vqgan" / "model.safetensors"}
    assert vqgan_weights(pack) == {"vqgan": embedded / "model.safetensors"}
    assert not mine.weight_files(), "no edit but the baseline's depends on it"
    with pytest.raises(ModelError, match="soundini weights fetch vqgan_imagenet_f16_16384"):
        vqgan_folder(pack, large.name, home=tmp_path)


def _renamed(pack, name, folder=None):
    return replace(pack, name=name, folder=folder)
