"""The switches that trade time for memory: what they do, and that the edit stays what it was."""

import pytest
import torch

from paper_factory import last_step, paper_recipe
from soundini.editing.memory import RecomputedFlow, arrange, flow_of

pytest.importorskip("open_clip")
pytestmark = pytest.mark.usefixtures("paper_home")


def test_low_memory_changes_nothing(packs, inputs):
    pack = packs["paper-512"]
    # one step: two would amplify what float32 rounds differently
    expected = last_step(pack, inputs, paper_recipe("sampling.steps=1"))
    for settings in (
        ["compute.chunk=1"],
        ["compute.checkpoint=true"],
        ["compute.chunk=2", "compute.checkpoint=true", "compute.offload=true"],
    ):
        low = last_step(pack, inputs, paper_recipe("sampling.steps=1", *settings))
        arrange(pack, paper_recipe())
        assert torch.allclose(low.pred_xstart, expected.pred_xstart, rtol=1e-3, atol=1e-3), settings
        for name, loss in expected.diagnostics.items():
            assert torch.allclose(low.diagnostics[name], loss, rtol=1e-3, atol=1e-5), name


@pytest.mark.parametrize(("settings", "passes"), [([], 1), (["compute.chunk=1"], 2 * 3)])
def test_a_chunk_passes_the_network_twice(packs, inputs, settings, passes):
    network, seen = packs["paper-256"].denoiser.unet, []
    hook = network.register_forward_pre_hook(lambda _, arguments: seen.append(len(arguments[0])))
    try:
        last_step(packs["paper-256"], inputs, paper_recipe("sampling.steps=1", *settings))
    finally:
        hook.remove()
    assert len(seen) == passes
    assert set(seen) == ({1} if settings else {3})


def _kept(flow, frames):
    """Bytes that are kept for the gradient of a flow."""
    sizes = {}

    def pack(tensor):
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    a, b = frames[:1].clone().requires_grad_(), frames[1:2].clone()  # storages of their own
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        flow(a, b)
    return sum(sizes.values())


def test_recomputed_flow_keeps_nothing_but_frames(packs, inputs):
    pack = packs["paper-256"]
    plain, again = (
        flow_of(pack, paper_recipe(f"compute.checkpoint={on}")) for on in ("false", "true")
    )
    frames = 2 * inputs.source[:1].nbytes
    assert _kept(again, inputs.source) <= frames
    assert _kept(plain, inputs.source) > 100 * frames


def test_the_recipe_compiles_the_network(packs, monkeypatch):
    pack, asked = packs["paper-256"], []
    monkeypatch.setattr(type(pack.denoiser), "compile_network", lambda _: asked.append(1))
    arrange(pack, paper_recipe())
    assert not asked
    arrange(pack, paper_recipe("compute.compile=true"))
    assert asked


def test_recomputed_flow_is_the_flow(packs, inputs):
    flow = packs["paper-256"].flow
    again = flow_of(packs["paper-256"], paper_recipe("compute.checkpoint=true"))
    assert isinstance(again, RecomputedFlow)
    assert again.differentiable
    a, b = inputs.source[:1], inputs.source[1:2]
    x, y = a.clone().requires_grad_(), a.clone().requires_grad_()
    plain, recomputed = flow(x, b), again(y, b)
    assert torch.equal(plain, recomputed)
    gradients = [torch.autograd.grad(f.sum(), v)[0] for f, v in ((plain, x), (recomputed, y))]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-4)


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
    arrange(pack, paper_recipe("compute.offload=true"))
    assert (sound.sent, text.sent, image.sent, network.sent) == (["cpu"], ["cpu"], [], [])
    arrange(pack, paper_recipe("compute.offload=true", "guidance.flow_on=source"))
    assert network.sent == ["cpu"]
    arrange(pack, paper_recipe())
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
