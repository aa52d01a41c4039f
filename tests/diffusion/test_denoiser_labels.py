"""Class labels, and the switches that must not change what a denoiser says."""

import pytest
import torch

from soundini.diffusion.adm import AdmConfig, build_unet
from soundini.diffusion.denoiser import UNetDenoiser
from soundini.diffusion.schedule import NoiseSchedule
from soundini.guidance.compose import GuidedDenoiser, WeightedTerm
from soundini.guidance.terms import RangeGuidance

SCHEDULE = NoiseSchedule.from_diffusers({"num_train_timesteps": 1000, "beta_schedule": "linear"})
CONFIG = AdmConfig((32, 32), (1,), model_channels=32, num_head_channels=32, num_classes=7)


@pytest.fixture(scope="module")
def denoiser():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unet = build_unet(CONFIG.settings())
    return UNetDenoiser(unet, SCHEDULE, stride=2, num_classes=7)


@pytest.fixture
def frames():
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def seen(denoiser, monkeypatch):
    """The labels that reach the network, call by call."""
    labels = []
    forward = denoiser.unet.forward

    def record(x, t, class_labels=None):
        labels.append(class_labels)
        return forward(x, t, class_labels)

    monkeypatch.setattr(denoiser.unet, "forward", record)
    return labels


def test_a_network_without_classes_takes_no_labels(debug):
    assert debug.denoiser.class_labels(3, 5) is None
    assert debug.denoiser.class_labels(3, 5, 9) is None


def test_a_random_label_is_one_for_all_frames_of_a_step(denoiser):
    labels = [denoiser.class_labels(4, t, seed=2) for t in range(60)]
    assert all(len(set(row.tolist())) == 1 for row in labels)
    assert {int(row[0]) for row in labels} == set(range(7))
    again = [denoiser.class_labels(1, t, seed=2) for t in range(60)]
    assert [int(a[0]) for a in again] == [int(a[0]) for a in labels]
    other = [denoiser.class_labels(1, t, seed=3) for t in range(60)]
    assert [int(a[0]) for a in other] != [int(a[0]) for a in labels]


@pytest.mark.parametrize("label", [-1, 7])
def test_a_class_that_is_not_there_is_refused(denoiser, label):
    with pytest.raises(ValueError, match="classes 0 to 6"):
        denoiser.class_labels(2, 5, label)


@torch.no_grad()
def test_the_label_changes_what_the_network_says(denoiser, frames):
    zero, one = (denoiser.output(frames, 5, denoiser.class_labels(3, 5, n)) for n in (0, 1))
    assert not torch.allclose(zero, one)
    assert denoiser(frames, 5).eps.isfinite().all()  # no labels: random ones


@pytest.mark.parametrize("terms", [(), (WeightedTerm(1.0, RangeGuidance()),)])
@pytest.mark.parametrize("label", ["random", 4])
def test_guidance_hands_the_label_down_in_every_chunk(denoiser, frames, seen, terms, label):
    whole, chunked = (
        GuidedDenoiser(denoiser, terms, chunk=chunk, seed=3, class_label=label)(frames, 321)
        for chunk in (0, 1)
    )
    expected = int(denoiser.class_labels(1, 321, label, 3)[0])
    assert {n for labels in seen for n in labels.tolist()} == {expected}
    assert len(seen) >= 4
    assert torch.allclose(whole.eps, chunked.eps, atol=1e-5)


def _gradient(denoiser, frames):
    """The gradient through the network, and how many bytes were kept for it."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x = frames.clone().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = denoiser.output(x, 321)
    (gradient,) = torch.autograd.grad(out.square().sum(), x)
    return gradient, sum(kept.values())


def test_recomputed_activations_give_the_same_gradient_from_less(denoiser, frames):
    expected, much = _gradient(denoiser, frames)
    denoiser.recompute_activations(True)
    try:
        gradient, little = _gradient(denoiser, frames)
    finally:
        denoiser.recompute_activations(False)
    assert torch.allclose(gradient, expected, rtol=1e-4, atol=1e-5)
    assert little < 0.6 * much
    assert _gradient(denoiser, frames)[1] == much


@pytest.mark.long
@torch.no_grad()
def test_a_compiled_network_says_the_same(frames):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        plain = UNetDenoiser(build_unet(CONFIG.settings()), SCHEDULE, num_classes=7)
    expected = plain.output(frames, 5)
    calls = []

    def backend(graph, _):
        calls.append(graph)
        return graph.forward

    plain.compile_network(backend=backend)
    plain.compile_network(backend="no such backend")  # it is compiled already
    assert torch.allclose(plain.output(frames, 5), expected, atol=1e-6)
    assert calls
