"""The packs of the paper, from tiny checkpoints by the code that loads the true ones."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import paper_factory
from soundini.config.presets import load_preset, override
from soundini.editing.low_memory import RecomputedFlow, arrange, flow_of
from soundini.editing.window import WindowInputs, guidance_terms, sample_window
from soundini.errors import ConfigError, ModelError
from soundini.flow.dis import DISFlow
from soundini.flow.pairs import estimate_pairs
from soundini.flow.raft import RAFTFlow
from soundini.joint.paper import PaperJointSpace
from soundini.joint.protocol import EmbedsText, ParksTowers
from soundini.packs import paper
from soundini.packs.pack import load_pack
from soundini.perceptual import LPIPS, load_perceptual
from soundini.weights.digest import sha256

pytest.importorskip("open_clip")

SIZE = 32
CHEAP = ("sampling.steps=1", "guidance.lambda_flow=0", "guidance.lambda_background=0")


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    published = paper_factory.write_published(folder / "published")
    return paper_factory.import_tiny(published, folder / "home")


@pytest.fixture(autouse=True)
def _settings(home, monkeypatch):
    monkeypatch.setenv("SOUNDINI_HOME", str(home))
    monkeypatch.setattr(paper, "_RAFT_ITERATIONS", 1)


@pytest.fixture(scope="module")
def packs(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "_RAFT_ITERATIONS", 1)
        return {n: paper.load_paper_pack(n, home=home) for n in paper.PAPER_PACKS}


@pytest.fixture
def inputs(packs):
    """Three frames, each with a sound of its own."""
    random = torch.Generator().manual_seed(0)
    source = torch.rand(3, 3, SIZE, SIZE, generator=random) * 2 - 1
    mask = torch.zeros(3, 1, SIZE, SIZE)
    mask[..., 4:28, 4:28] = 1
    waveform = torch.randn(44_100, generator=random) * torch.linspace(0.01, 0.3, 44_100)
    embeds = packs["paper-256"].joint.embed_sound(waveform, torch.tensor([0.1, 0.5, 0.9]))
    pairs = estimate_pairs(source, DISFlow())
    return WindowInputs((0, 1, 2), source, mask, embeds, torch.ones(3), pairs)


def recipe(*settings):
    return override(
        load_preset("paper"), ["sampling.steps=2", "guidance.augment.views=2", *settings]
    )


def last(pack, inputs, settings):
    return list(sample_window(pack, inputs, settings))[-1]


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
    out = loaded.denoiser.output(torch.zeros(1, 3, SIZE, SIZE), 5)
    assert (out.shape, out.dtype) == ((1, 6, SIZE, SIZE), torch.float32)


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


def test_the_recipe_of_the_paper_edits(packs, inputs):
    step = last(packs["paper-256"], inputs, recipe())
    assert set(step.diagnostics) == {"sound", "directional", "flow", "background", "range"}
    assert step.x.isfinite().all()
    inside = inputs.mask.expand_as(step.x) > 0
    assert (step.x[inside] != inputs.source[inside]).float().mean() > 0.9


@pytest.mark.parametrize(
    "settings",
    [
        ["compute.chunk=1"],
        ["compute.checkpoint=true"],
        ["compute.offload=true"],
        ["compute.chunk=2", "compute.checkpoint=true", "compute.offload=true"],
    ],
    ids=" ".join,
)
def test_low_memory_changes_nothing(packs, inputs, settings):
    pack = packs["paper-512"]
    # one step: two would amplify what float32 rounds differently
    expected = last(pack, inputs, recipe("sampling.steps=1"))
    low = last(pack, inputs, recipe("sampling.steps=1", *settings))
    arrange(pack, recipe())
    assert torch.allclose(low.pred_xstart, expected.pred_xstart, rtol=1e-3, atol=1e-3)
    for name, loss in expected.diagnostics.items():
        assert torch.allclose(low.diagnostics[name], loss, rtol=1e-3, atol=1e-5), name


def test_labels_come_from_the_recipe(packs, inputs):
    pack = packs["paper-512"]
    two, three, two_again = (
        last(pack, inputs, recipe(*CHEAP, f"sampling.class_label={n}")).pred_xstart
        for n in (2, 3, 2)
    )
    assert torch.equal(two, two_again)
    assert not torch.equal(two, three)
    with pytest.raises(ConfigError, match="classes 0 to 6"):
        last(pack, inputs, recipe("sampling.class_label=7"))
    arrange(packs["paper-256"], recipe("sampling.class_label=7"))  # takes none, so any will do


def test_flow_that_carries_no_gradient_is_measured_once(packs, inputs, monkeypatch):
    asked = []
    monkeypatch.setattr("soundini.editing.window.estimate_pairs", lambda *_: asked.append(1))
    pack = replace(packs["paper-256"], flow=DISFlow())
    settings = recipe("sampling.steps=1", "guidance.lambda_background=0")
    assert settings.guidance.flow_on == "predicted"
    assert "flow" in last(pack, inputs, settings).diagnostics
    assert not asked


def test_the_recipe_compiles_the_network(packs, monkeypatch):
    pack, asked = packs["paper-256"], []
    monkeypatch.setattr(type(pack.denoiser), "compile_network", lambda _: asked.append(1))
    arrange(pack, recipe())
    assert not asked
    arrange(pack, recipe("compute.compile=true"))
    assert asked


def test_recomputed_flow_is_the_flow(packs, inputs):
    flow = packs["paper-256"].flow
    again = flow_of(packs["paper-256"], recipe("compute.checkpoint=true"))
    assert isinstance(again, RecomputedFlow)
    assert (again.name, again.differentiable) == (flow.name, True)
    a, b = inputs.source[:1], inputs.source[1:2]
    x, y = a.clone().requires_grad_(), a.clone().requires_grad_()
    plain, recomputed = flow(x, b), again(y, b)
    assert torch.equal(plain, recomputed)
    gradients = [torch.autograd.grad(f.sum(), v)[0] for f, v in ((plain, x), (recomputed, y))]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["paper-256", "embedded", "debug"])
def test_a_shorter_window_follows_the_sound_more_closely(packs, name):
    joint = packs[name].joint if name in packs else load_pack(name).joint
    random = torch.Generator().manual_seed(0)
    waveform = torch.randn(joint.sample_rate * 4, generator=random) * 0.1
    waveform[: len(waveform) // 2] *= 0.01
    times = torch.tensor([1.6, 2.4])
    change = {
        seconds: float(joint.embed_sound(waveform, times, seconds).diff(dim=0).norm())
        for seconds in (0.01, 0.5, 3.5)
    }
    assert change[0.5] > change[3.5]
    own, same = (joint.embed_sound(waveform, times, s) for s in (None, joint.window_seconds))
    assert torch.allclose(own, same, atol=1e-6)


def test_the_recipe_sets_the_window(packs):
    from soundini.config.recipe import SoundConfig
    from soundini.editing.sound_track import lay_sound
    from soundini.media.sound import Sound

    noise = torch.randn(1, 44_100, generator=torch.Generator().manual_seed(0)) * 0.1
    sound = Sound((noise * torch.linspace(0.1, 1, 44_100)).numpy().clip(-1, 1), 44_100)
    whole, short = (
        lay_sound(sound, [0.2, 0.8], 1.0, packs["paper-256"].joint, SoundConfig(window=seconds))
        for seconds in (0, 0.3)
    )
    assert short.embeds.diff(dim=0).norm() > whole.embeds.diff(dim=0).norm()


def test_text_guides_alone_or_beside_the_sound(packs, inputs):
    pack = packs["paper-256"]
    alone = recipe(
        "guidance.text=a burning house",
        "guidance.lambda_sound=0",
        "guidance.lambda_directional=0",
        "guidance.lambda_flow=0",
        "guidance.lambda_background=0",
        "guidance.lambda_range=0",
    )
    assert [w.term.name for w in guidance_terms(pack, inputs, alone)] == ["text"]
    step = last(pack, inputs, alone)
    assert set(step.diagnostics) == {"text"}
    other = override(alone, ["guidance.text=a frozen lake"])
    assert not torch.equal(step.x, last(pack, inputs, other).x)
    both = guidance_terms(pack, inputs, recipe("guidance.text=fire", "guidance.lambda_text=300"))
    assert {w.term.name: w.weight for w in both}["text"] == 300
    assert {w.term.name: w.weight for w in both}["sound"] == 1000
    assert "text" not in {w.term.name for w in guidance_terms(pack, inputs, recipe())}


def test_a_text_pulls_the_region_towards_itself(packs, inputs, monkeypatch):
    """One step along the gradient of L_text brings the region's embedding closer to the text."""
    pack = packs["paper-256"]
    settings = recipe("guidance.text=fire", "guidance.augment.views=1")
    term = next(w.term for w in guidance_terms(pack, inputs, settings) if w.term.name == "text")
    joint = pack.joint
    images = (inputs.source * inputs.mask).requires_grad_()
    monkeypatch.setattr(term.embeddings, "_embed", lambda _: joint.embed_images(images)[None])

    class Context:
        def once(self, _, compute):
            return compute()

    loss = term(Context())
    target = joint.embed_text(["fire"])[0]
    assert torch.allclose(loss, 1 - joint.embed_images(images) @ target, atol=1e-6)
    (gradient,) = torch.autograd.grad(loss.sum(), images)
    moved = (images - 0.5 * gradient / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).detach()
    assert ((joint.embed_images(moved) @ target) > 1 - loss).all()


def test_a_pack_without_a_text_tower_says_so(debug, inputs):
    with pytest.raises(ConfigError, match="understand none") as error:
        guidance_terms(debug, inputs, recipe("guidance.text=fire"))
    assert "\n" not in str(error.value)


class _Recorder(torch.nn.Module):
    """A module that writes down where it is sent, and stays."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def to(self, device):
        self.sent.append(str(device))
        return self


def test_offload_parks_what_the_steps_do_not_use(packs, monkeypatch):
    pack = packs["paper-256"]
    sound, text, image, network = (_Recorder() for _ in range(4))
    monkeypatch.setitem(pack.joint._modules, "sound_encoder", sound)
    monkeypatch.setitem(pack.joint.clip.network._modules, "transformer", text)
    monkeypatch.setitem(pack.joint.clip.network._modules, "visual", image)
    monkeypatch.setattr(pack.flow, "network", network)
    arrange(pack, recipe("compute.offload=true"))
    assert (sound.sent, text.sent, image.sent, network.sent) == (["cpu"], ["cpu"], [], [])
    arrange(pack, recipe("compute.offload=true", "guidance.flow_on=source"))
    assert network.sent == ["cpu"]
    arrange(pack, recipe())
    assert len(sound.sent) == 2


def test_a_parked_tower_comes_back_when_it_is_called(packs, monkeypatch):
    joint = packs["paper-256"].joint
    joint.park()
    sent = []
    to = torch.nn.Module.to
    monkeypatch.setattr(
        torch.nn.Module, "to", lambda self, *a, **k: sent.append(self) or to(self, *a, **k)
    )
    joint.embed_text(["rain"])
    joint.embed_sound(torch.ones(4410), torch.tensor([0.05]))
    assert joint.clip.network in sent
    assert joint.sound_encoder in sent


def test_attention_is_fused(packs):
    from diffusers.models.attention_processor import AttnProcessor2_0

    modules = packs["paper-256"].denoiser.unet.modules()
    processors = [m.processor for m in modules if hasattr(m, "processor")]
    assert processors
    assert all(isinstance(p, AttnProcessor2_0) for p in processors)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("settings", [[], ["compute.offload=true", "compute.checkpoint=true"]])
def test_the_same_edit_on_a_gpu(packs, inputs, home, monkeypatch, settings):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    chosen = recipe("sampling.steps=1", "guidance.text=fire", *settings)
    expected = last(packs["paper-256"], inputs, chosen)
    pack = paper.load_paper_pack("paper-256", device="cuda", home=home)
    there = replace(
        inputs,
        source=inputs.source.cuda(),
        mask=inputs.mask.cuda(),
        sound_embeds=inputs.sound_embeds.cuda(),
        strength=inputs.strength.cuda(),
        pairs=inputs.pairs.to("cuda"),
    )
    step = last(pack, there, chosen)
    assert torch.allclose(step.pred_xstart.cpu(), expected.pred_xstart, rtol=1e-3, atol=1e-2)
