import torch

from soundini.flow import DISFlow, occlusion

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
