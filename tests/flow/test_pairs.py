import pytest
import torch

from soundini.flow.dis import DISFlow
from soundini.flow.pairs import FlowPairs, estimate_pairs
from soundini.flow.raft import RAFTFlow
from soundini.flow.warp_error import visible_share, warp_error


def test_both_directions_of_every_pair(translating, uniform_flow):
    frames = translating(3, -2, frames=4)
    pairs = estimate_pairs(frames, DISFlow(), batch_size=2)
    assert len(pairs) == 3
    inner = (slice(None), slice(None), slice(14, -14), slice(14, -14))
    truth = uniform_flow(3, -2, 96, 112, batch=3)
    assert (pairs.flow_fwd - truth)[inner].abs().mean() < 0.3
    assert (pairs.flow_bwd + truth)[inner].abs().mean() < 0.3
    assert pairs.visible_fwd[inner].mean() > 0.95
    assert pairs.visible_fwd[..., -2:].mean() < 0.3  # leaves at the right
    assert pairs.visible_bwd[..., :2].mean() < 0.3  # came in from the left


def test_batches_do_not_change_the_flow(translating):
    frames = translating(2, 0, frames=4)
    one, many = (estimate_pairs(frames, DISFlow(), batch_size=n) for n in (1, 8))
    assert torch.equal(one.flow_fwd, many.flow_fwd)
    assert torch.equal(one.visible_bwd, many.visible_bwd)


def test_one_frame_has_no_pairs(translating):
    frames = translating(1, 1)[:1]
    pairs = estimate_pairs(frames, DISFlow()).resize((48, 56))
    assert pairs.flow_fwd.shape == (0, 2, 48, 56)
    assert pairs.visible_bwd.shape == (0, 1, 48, 56)
    assert warp_error(frames[..., :48, :56], pairs).shape == (0,)


def test_window_holds_the_pairs_among_its_frames(translating):
    frames = translating(2, 1, frames=5)
    whole = estimate_pairs(frames, DISFlow())
    part = whole.window(1, 4)
    direct = estimate_pairs(frames[1:4], DISFlow())
    assert torch.equal(part.flow_fwd, direct.flow_fwd)
    assert torch.equal(part.visible_bwd, direct.visible_bwd)
    assert len(whole.window(2, 3)) == 0


def test_gradients_pass_through_a_differentiable_estimator(texture):
    frames = texture(32, 40).repeat(2, 1, 1, 1).requires_grad_()
    pairs = estimate_pairs(frames, RAFTFlow.random(0))
    assert pairs.flow_fwd.requires_grad
    assert not pairs.visible_fwd.requires_grad
    assert not pairs.detach().flow_bwd.requires_grad


def test_resize_and_to():
    fields = (torch.full((1, 2, 8, 8), 2.0), torch.zeros(1, 2, 8, 8))
    pairs = FlowPairs(*fields, torch.eye(8)[None, None], torch.ones(1, 1, 8, 8))
    small = pairs.resize((4, 4)).to(dtype=torch.float64)
    assert small.flow_fwd.dtype == torch.float64
    assert torch.allclose(small.flow_fwd, torch.ones(1, 2, 4, 4, dtype=torch.float64))
    assert torch.allclose(small.visible_fwd, torch.eye(4, dtype=torch.float64) / 2)


def test_error_is_small_for_real_motion_and_large_for_flicker(translating):
    frames = translating(3, 2, frames=3)
    pairs = estimate_pairs(frames, DISFlow())
    coherent = warp_error(frames, pairs)
    flicker = frames.clone()
    flicker[1] += 0.5
    assert coherent.shape == (2,)
    assert (coherent < 0.05).all()
    assert torch.allclose(warp_error(flicker, pairs), torch.tensor(0.5), atol=0.05)


def test_error_of_a_known_offset_is_exact_and_only_where_masked(uniform_flow):
    zero, ones = uniform_flow(0, 0, 8, 8), torch.ones(1, 1, 8, 8)
    pairs = FlowPairs(zero, zero, ones, ones)
    frames = torch.zeros(2, 3, 8, 8)
    frames[1, :, :, :4] = 0.4
    mask = torch.zeros(2, 1, 8, 8)
    mask[..., :4] = 1
    assert torch.allclose(warp_error(frames, pairs), torch.tensor(0.2))
    assert torch.allclose(warp_error(frames, pairs, mask), torch.tensor(0.4))
    assert torch.allclose(warp_error(frames, pairs, 1 - mask), torch.tensor(0.0), atol=1e-6)
    assert torch.allclose(visible_share(pairs, mask), torch.tensor(1.0))


def test_a_direction_without_visible_pixels_is_left_out(uniform_flow):
    zero, ones = uniform_flow(0, 0, 8, 8), torch.ones(1, 1, 8, 8)
    pairs = FlowPairs(zero, zero, ones, 0 * ones)
    frames = torch.stack((torch.zeros(3, 8, 8), torch.full((3, 8, 8), 0.3)))
    assert torch.allclose(warp_error(frames, pairs), torch.tensor(0.3))
    assert torch.allclose(visible_share(pairs), torch.tensor(0.5))


def test_nothing_visible_gives_zero_and_finite_gradients(uniform_flow):
    flow, nothing = uniform_flow(0, 0, 8, 8), torch.zeros(1, 1, 8, 8)
    frames = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    pairs = FlowPairs(flow, flow, nothing, nothing)
    error = warp_error(frames, pairs)
    error.sum().backward()
    assert error.item() == 0
    assert visible_share(pairs).item() == 0
    assert torch.equal(frames.grad, torch.zeros_like(frames))


@pytest.mark.parametrize("masked", [False, True])
def test_tensors_are_made_on_the_device_of_the_input(masked):
    # meta stands for any device but the CPU: mixing devices raises
    frames = torch.zeros(3, 3, 16, 16, device="meta")
    flow, ones = frames.new_zeros(2, 2, 16, 16), frames.new_ones(2, 1, 16, 16)
    pairs = FlowPairs(flow, flow, ones, ones).resize((16, 16))
    mask = frames.new_ones(3, 1, 16, 16) if masked else None
    assert warp_error(frames, pairs, mask).device.type == "meta"
    assert visible_share(pairs, mask).device.type == "meta"
    assert pairs.resize((8, 8)).flow_fwd.device.type == "meta"
