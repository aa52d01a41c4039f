import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_small

from soundini.errors import ConfigError, ModelError
from soundini.flow import raft
from soundini.flow.protocol import FlowEstimator
from soundini.flow.raft import RAFTFlow


@pytest.mark.parametrize("size", [(64, 64), (75, 93), (130, 129), (33, 140)])
def test_any_size_gives_finite_flow_and_gradients(texture, size):
    frames = texture(*size).repeat(2, 1, 1, 1).requires_grad_()
    flow = RAFTFlow.random(1)(frames[:1], frames[1:])
    assert flow.shape == (1, 2, *size)
    assert flow.isfinite().all()
    flow.square().mean().backward()
    assert frames.grad.isfinite().all()
    assert (frames.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_large_variant_runs(texture):
    frames = texture(128, 128)
    estimate = RAFTFlow.random(0, variant="large", iterations=1)
    assert isinstance(estimate, FlowEstimator)
    assert estimate.differentiable
    assert estimate(frames, frames.flip(3)).isfinite().all()


def test_equals_torchvision_where_nothing_needs_fitting(texture):
    frames = texture(128, 136)
    estimate = RAFTFlow.random(3, iterations=2)
    expected = estimate.network(frames, frames.flip(3), num_flow_updates=2)[-1]
    assert torch.allclose(estimate(frames, frames.flip(3)), expected, atol=1e-5)


@pytest.mark.parametrize("variant", ["small", "large"])
def test_neighbours_equal_torchvisions_pairs_and_their_gradients(texture, variant):
    estimate = RAFTFlow.random(3, variant=variant, iterations=3)
    still = torch.cat([texture(128, 136).roll(2 * i, 3) for i in range(3)])
    found, expected = still.clone().requires_grad_(), still.clone().requires_grad_()
    encoded = []
    hook = estimate.network.feature_encoder.register_forward_pre_hook(
        lambda _, inputs: encoded.append(len(inputs[0]))
    )
    flows = torch.cat(estimate.between_neighbours(found, 2))
    assert sum(encoded) == 3  # each frame once
    hook.remove()
    ways = ((expected[:-1], expected[1:]), (expected[1:], expected[:-1]))
    theirs = torch.cat([estimate.network(a, b, num_flow_updates=3)[-1] for a, b in ways])
    assert torch.allclose(flows, theirs, atol=1e-4)
    weights = torch.linspace(-1, 1, flows.numel()).view_as(flows)
    (flows * weights).sum().backward()
    (theirs * weights).sum().backward()
    assert (found.grad - expected.grad).norm() < 1e-5 * expected.grad.norm()


def test_frames_enter_as_they_are(texture):
    # one defect of the authors' snapshot: frames in [-1, 1] divided by 255 all look grey
    seen = []
    estimate = RAFTFlow.random(0, iterations=1)
    estimate.network.feature_encoder.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    frames = texture(128, 128)
    estimate(frames, frames)
    assert torch.equal(seen[0][:1], frames)


def test_padding_repeats_the_border_and_keeps_the_frame_in_place(texture):
    seen = []
    estimate = RAFTFlow.random(0, iterations=1)
    estimate.network.feature_encoder.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    frames = texture(130, 133)
    estimate(frames, frames)
    assert seen[0].shape[-2:] == (136, 136)
    assert torch.equal(seen[0][:1, :, 3:133, 1:134], frames)
    assert torch.equal(seen[0][:1, :, 0, 1:134], frames[..., 0, :])


def test_enlarging_gives_vectors_in_the_frames_own_pixels(uniform_flow, monkeypatch):
    def refined(_network, here, *_):
        return uniform_flow(8, 4, *(8 * side for side in here.shape[-2:]))

    monkeypatch.setattr(raft, "refine", refined)
    estimate = RAFTFlow.random(0)
    flow = estimate(torch.zeros(1, 3, 32, 64), torch.zeros(1, 3, 32, 64))
    assert torch.allclose(flow, uniform_flow(2, 1, 32, 64), atol=1e-5)


def test_half_precision_and_empty_batches(texture):
    frames = texture(128, 128).to(torch.bfloat16)
    estimate = RAFTFlow.random(0, iterations=1)
    assert estimate(frames, frames).dtype == torch.bfloat16
    assert estimate(frames[:0], frames[:0]).shape == (0, 2, 128, 128)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_survive_a_file(tmp_path, texture, suffix):
    original = RAFTFlow.random(5)
    state = {key: value.contiguous() for key, value in original.network.state_dict().items()}
    path = tmp_path / f"raft{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    loaded = RAFTFlow.from_file(path, variant="small", iterations=2)
    frames = texture(128, 128)
    assert torch.equal(loaded(frames, frames.flip(2)), original(frames, frames.flip(2)))
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())


def test_building_leaves_the_global_random_state_alone(tmp_path):
    torch.save(raft_small(weights=None).state_dict(), tmp_path / "raft.pth")
    before = torch.get_rng_state()
    first, again = RAFTFlow.random(7), RAFTFlow.random(7)
    RAFTFlow.from_file(tmp_path / "raft.pth", variant="small")
    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(first.network.parameters(), again.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_wrong_files_say_what_is_wrong(tmp_path):
    with pytest.raises(ModelError, match="no weight file"):
        RAFTFlow.from_file(tmp_path / "absent.pth")
    (tmp_path / "junk.pth").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be read"):
        RAFTFlow.from_file(tmp_path / "junk.pth")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be read"):
        RAFTFlow.from_file(tmp_path / "junk.safetensors")
    torch.save({"model": {"weight": torch.zeros(1)}}, tmp_path / "nested.pth")
    with pytest.raises(ModelError, match="not a state dict"):
        RAFTFlow.from_file(tmp_path / "nested.pth")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match="keys missing"):
        RAFTFlow.from_file(tmp_path / "other.pth")
    state = raft_small(weights=None).state_dict()
    state["mask" if "mask" in state else next(iter(state))] = torch.zeros(1)
    torch.save(state, tmp_path / "shape.pth")
    with pytest.raises(ModelError, match="has shape"):
        RAFTFlow.from_file(tmp_path / "shape.pth", variant="small")


def test_pickled_code_is_never_run(tmp_path):
    torch.save(raft_small(weights=None), tmp_path / "module.pth")
    with pytest.raises(ModelError, match=r"carries code \(none was run\)"):
        RAFTFlow.from_file(tmp_path / "module.pth", variant="small")


def test_settings_out_of_range():
    with pytest.raises(ConfigError, match="variant"):
        RAFTFlow.random(variant="huge")
    with pytest.raises(ConfigError, match="iteration"):
        RAFTFlow.random(iterations=0)
