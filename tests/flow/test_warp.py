import pytest
import torch

from soundini.flow import inside, warp


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
