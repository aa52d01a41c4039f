"""The packs of the paper, from tiny checkpoints by the code that loads the true ones."""

import shutil
from pathlib import Path

import pytest
import torch

from soundini.errors import ModelError
from soundini.flow.dis import DISFlow
from soundini.flow.raft import RAFTFlow
from soundini.joint.paper import PaperJointSpace
from soundini.joint.protocol import EmbedsText, ParksTowers
from soundini.packs import paper
from soundini.packs.denoiser import load_denoiser
from soundini.packs.loading import load_pack
from soundini.perceptual import LPIPS, load_perceptual
from soundini.weights.store import models_folder, sha256

pytest.importorskip("open_clip")
pytestmark = pytest.mark.usefixtures("paper_home")


def test_the_parts_of_a_pack(packs):
    pack = packs["paper-256"]
    assert (pack.name, pack.denoiser.stride, pack.denoiser.num_classes) == ("paper-256", 2, None)
    assert pack.denoiser.prediction_type == "epsilon"
    assert not pack.denoiser.clip_xstart
    assert isinstance(pack.joint, PaperJointSpace)
    assert isinstance(pack.joint, EmbedsText)
    assert isinstance(pack.joint, ParksTowers)
    assert isinstance(pack.flow, RAFTFlow)
    assert isinstance(load_perceptual("auto", pack.perceptual_folder), LPIPS)
    assert packs["paper-512"].denoiser.num_classes == 7
    assert not any(p.requires_grad for p in pack.denoiser.parameters())


def test_raft_is_refined_as_often_as_in_the_paper(monkeypatch, home):
    monkeypatch.undo()
    assert paper._RAFT_ITERATIONS == 20


def test_the_record_names_every_weight_file(packs):
    pack = packs["paper-256"]
    hashes = pack.weight_hashes()
    assert sorted(hashes) == [
        "clip_vit_b32",
        "guided_256_uncond",
        "lpips_vgg_lins",
        "raft_large",
        "resnet18_audio",
        "vgg16",
    ]
    assert hashes["raft_large"] == sha256(pack.weights["raft_large"])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_no_weight_file_stays_mapped(packs):
    unet = str(packs["paper-256"].weights["guided_256_uncond"])
    assert unet not in Path("/proc/self/maps").read_text()


def test_load_pack_knows_the_names(packs):
    loaded = load_pack("paper-512", flow="dis", dtype=torch.bfloat16)
    assert loaded.name == "paper-512"
    assert isinstance(loaded.flow, DISFlow)
    assert loaded.denoiser.autocast is torch.bfloat16
    assert {p.dtype for p in loaded.denoiser.parameters()} == {torch.float32}
    # towers lose gradients in half precision: tests/joint_paper/test_half_precision.py
    assert {p.dtype for p in loaded.joint.parameters()} == {torch.float32}
    out = loaded.denoiser.output(torch.zeros(1, 3, 32, 32), 5)
    assert (out.shape, out.dtype) == ((1, 6, 32, 32), torch.float32)


@torch.no_grad()
def test_weights_in_half_precision_compute_what_autocast_does(home):
    """What packs of the paper do on a GPU, here on the CPU."""
    folder = models_folder(home) / "guided_256_uncond"
    exact, cast, half = (
        load_denoiser(folder, {}, dtype, half=on)
        for dtype, on in ((None, False), (torch.bfloat16, False), (torch.bfloat16, True))
    )
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    assert half.autocast is None
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = exact.output(x, 300)
    apart = [(found.output(x, 300) - expected).square().mean().sqrt() for found in (cast, half)]
    assert half.output(x, 300).dtype == torch.float32
    assert 0 < apart[1] < 2 * apart[0] < 0.05 * expected.std()


def test_without_raft_and_lpips_there_are_stand_ins(home, tmp_path):
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    shutil.rmtree(copy / "models" / "flow")
    (copy / "models" / "lpips" / "vgg16.safetensors").unlink()
    pack = paper.load_paper_pack("paper-256", home=copy)
    assert isinstance(pack.flow, DISFlow)
    assert pack.perceptual_folder is None
    with pytest.raises(ModelError, match="weights fetch raft_large"):
        paper.load_paper_pack("paper-256", flow="raft", home=copy)


def test_what_is_missing_is_told_in_one_line(tmp_path):
    with pytest.raises(ModelError, match="weights fetch guided_256_uncond") as error:
        paper.load_paper_pack("paper-256", home=tmp_path)
    assert "\n" not in str(error.value)


def test_a_damaged_network_is_told_in_one_line(home, tmp_path):
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    weights = copy / "models" / "guided_256_uncond" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot load a diffusion model") as error:
        paper.load_paper_pack("paper-256", home=copy)
    assert "\n" not in str(error.value)


def test_attention_is_fused(packs):
    from diffusers.models.attention_processor import AttnProcessor2_0

    modules = packs["paper-256"].denoiser.unet.modules()
    processors = [m.processor for m in modules if hasattr(m, "processor")]
    assert processors
    assert all(isinstance(p, AttnProcessor2_0) for p in processors)
