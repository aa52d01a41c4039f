import pytest
import torch

from soundini.flow.dis import DISFlow
from soundini.flow.warp import inside, occlusion, resize_flow, warp


@pytest.mark.parametrize("size", [(33, 47), (64, 64), (1, 9), (9, 1)])
def test_zero_flow_is_the_identity(texture, size):
    x = texture(*size)
    assert torch.allclose(warp(x, torch.zeros(1, 2, *size)), x, atol=1e-5)


@pytest.mark.parametrize(("dx", "dy"), [(3, 0), (0, 2), (-4, 5)])
def test_integer_shifts_read_the_pixel_pointed_at(texture, uniform_flow, dx, dy):
    x = texture(40, 52)
    warped = warp(x, uniform_flow(dx, dy, 40, 52))
    expected = x.roll((-dy, -dx), (2, 3))  # output(p) = x(p + flow)
    inner = (slice(None), slice(None), slice(6, -6), slice(6, -6))
    assert torch.allclose(warped[inner], expected[inner], atol=1e-4)


def test_linear_ramps_are_exact_at_fractions_of_a_pixel(uniform_flow):
    ys, xs = torch.meshgrid(torch.arange(30.0), torch.arange(41.0), indexing="ij")
    x = torch.stack((xs, ys))[None]
    warped = warp(x, uniform_flow(0.37, -1.81, 30, 41))
    inner = (slice(2, -2), slice(2, -2))
    assert torch.allclose(warped[0, 0][inner], (xs + 0.37)[inner], atol=1e-4)
    assert torch.allclose(warped[0, 1][inner], (ys - 1.81)[inner], atol=1e-4)


def test_outside_takes_the_border(texture, uniform_flow):
    x = texture(20, 20)
    warped = warp(x, uniform_flow(100, 0, 20, 20))
    assert torch.allclose(warped, x[..., -1:].expand_as(x), atol=1e-5)


def test_inside_marks_samples_that_leave_the_frame(uniform_flow):
    held = inside(uniform_flow(3, -2, 10, 12))
    expected = torch.zeros(1, 1, 10, 12)
    expected[..., 2:, :-3] = 1
    assert torch.equal(held, expected)
    assert inside(uniform_flow(0.01, -0.01, 10, 12)).all()
    assert not inside(torch.full((1, 2, 4, 4), torch.nan)).any()


def test_gradients_reach_image_and_flow(texture, uniform_flow):
    x = texture(16, 16).requires_grad_()
    flow = uniform_flow(0.5, 0.5, 16, 16).requires_grad_()
    warp(x, flow).square().sum().backward()
    assert x.grad.abs().sum() > 0
    assert flow.grad.abs().sum() > 0


def test_half_precision_keeps_positions(texture):
    x = texture(8, 600).to(torch.bfloat16)
    warped = warp(x, torch.zeros(1, 2, 8, 600, dtype=torch.bfloat16))
    assert warped.dtype == torch.bfloat16
    assert torch.allclose(warped.float(), x.float(), atol=1e-2)


def test_mismatched_sizes_are_refused():
    with pytest.raises(ValueError, match="do not match"):
        warp(torch.zeros(1, 3, 8, 8), torch.zeros(1, 2, 8, 9))


def test_vectors_scale_with_each_axis(uniform_flow):
    resized = resize_flow(uniform_flow(6, -4, 20, 30), (10, 90))
    assert resized.shape == (1, 2, 10, 90)
    assert torch.allclose(resized[:, 0], torch.tensor(18.0), atol=1e-4)
    assert torch.allclose(resized[:, 1], torch.tensor(-2.0), atol=1e-4)


def test_same_size_is_untouched(uniform_flow):
    flow = uniform_flow(1, 2, 8, 9)
    assert torch.equal(resize_flow(flow, (8, 9)), flow)


def test_no_pairs_stay_no_pairs():
    assert resize_flow(torch.zeros(0, 2, 8, 8), (4, 4)).shape == (0, 2, 4, 4)


# a square of 20 px at columns 20..39 moves right by 6 px over a still background
ROWS, SQUARE, MOVED, STEP = slice(22, 42), slice(20, 40), slice(26, 46), 6


def _flows():
    flow_fwd, flow_bwd = torch.zeros(1, 2, 64, 64), torch.zeros(1, 2, 64, 64)
    flow_fwd[:, 0, ROWS, SQUARE] = STEP
    flow_bwd[:, 0, ROWS, MOVED] = -STEP
    return flow_fwd, flow_bwd


def test_moving_square_hides_the_strip_ahead_of_it():
    flow_fwd, flow_bwd = _flows()
    expected = torch.zeros(1, 1, 64, 64)
    expected[..., ROWS, 40:46] = 1
    assert torch.equal(occlusion(flow_fwd, flow_bwd), expected)


def test_moving_square_uncovers_the_strip_behind_it():
    flow_fwd, flow_bwd = _flows()
    expected = torch.zeros(1, 1, 64, 64)
    expected[..., ROWS, 20:26] = 1
    assert torch.equal(occlusion(flow_bwd, flow_fwd), expected)


def test_estimated_flow_finds_the_same_side(texture):
    scene = texture(64, 64, seed=1).repeat(2, 1, 1, 1) * 0.5
    square = texture(20, 20, seed=2)
    scene[0, :, ROWS, SQUARE] = square
    scene[1, :, ROWS, MOVED] = square
    estimate = DISFlow()
    hidden = occlusion(estimate(scene[:1], scene[1:]), estimate(scene[1:], scene[:1]))
    ahead, behind = hidden[..., ROWS, 40:46].mean(), hidden[..., ROWS, 14:20].mean()
    assert ahead > 0.5
    assert behind < 0.3


def test_leaving_the_frame_is_occluded(uniform_flow):
    hidden = occlusion(uniform_flow(5, 0, 16, 16), uniform_flow(-5, 0, 16, 16))
    assert hidden[..., -5:].all()
    assert not hidden[..., :-5].any()


def test_tolerance_is_that_of_sundaram(uniform_flow):
    # |f + b|^2 against 0.01 (|f|^2 + |b|^2) + 0.5, in the middle of a large frame
    def hidden(f, b):
        return bool(occlusion(uniform_flow(f, 0, 64, 64), uniform_flow(b, 0, 64, 64))[0, 0, 32, 32])

    assert not hidden(0.0, 0.70)
    assert hidden(0.0, 0.72)
    assert not hidden(10.0, -8.6)
    assert hidden(10.0, -8.4)


def test_not_a_number_is_occluded():
    bad = torch.full((1, 2, 8, 8), torch.nan)
    assert occlusion(bad, torch.zeros(1, 2, 8, 8)).all()
    assert occlusion(torch.zeros(1, 2, 8, 8), bad).all()
