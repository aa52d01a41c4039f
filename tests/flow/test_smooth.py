import pytest
import torch

from soundini.flow.along import settle, smooth_along
from soundini.flow.pairs import FlowPairs


def moving(count=5, side=24, step=2):
    """A texture that moves to the right, and its true flow."""
    generator = torch.Generator().manual_seed(0)
    wide = torch.rand(1, 3, side, side + step * count, generator=generator)
    frames = torch.cat([wide[..., step * (count - 1 - i) :][..., :side] for i in range(count)])
    flow = torch.zeros(count - 1, 2, side, side)
    flow[:, 0] = step
    seen_fwd, seen_bwd = (torch.ones(count - 1, 1, side, side) for _ in range(2))
    seen_fwd[..., -step:] = 0
    seen_bwd[..., :step] = 0
    return frames, FlowPairs(flow, -flow, seen_fwd, seen_bwd)


def test_what_moves_with_the_flow_is_left_alone():
    frames, pairs = moving()
    assert torch.allclose(smooth_along(frames, pairs, 4), frames, atol=1e-4)


def test_flicker_is_averaged_away():
    frames, pairs = moving()
    flicker = torch.tensor([0.2, -0.2, 0.2, -0.2, 0.2]).view(-1, 1, 1, 1)
    left = smooth_along(frames + flicker, pairs, 4) - frames
    assert left[..., 8:16].diff(dim=0).abs().max() < 0.02


def test_what_is_hidden_is_not_mixed_in():
    frames, pairs = moving(count=2)
    frames[1, ..., :2] = 9.0
    assert smooth_along(frames, pairs, 1)[0].max() <= 1.001


@pytest.mark.parametrize("count", [1, 2])
def test_no_rounds_change_nothing(count):
    frames, pairs = moving(count=2)
    kept = pairs if count == 2 else pairs.window(0, 1)
    assert torch.equal(smooth_along(frames[:count], kept, 0), frames[:count])
    assert smooth_along(frames[:count], kept, 3).shape == frames[:count].shape


def test_what_stands_and_what_moves_both_settle():
    """A still scene, a texture that falls over it: both stay sharp, flicker goes; smoothed along one motion, the other blurs."""
    falling, effect = moving(count=7)
    still = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(1)).expand(
        7, -1, -1, -1
    )
    none = torch.zeros_like(effect.flow_fwd)
    seen = torch.ones_like(effect.visible_fwd)
    scene = FlowPairs(none, none, seen, seen)
    flicker = torch.tensor([0.2, -0.2, 0.2, -0.2, 0.2, -0.2, 0.2]).view(-1, 1, 1, 1)
    change = still + (falling - 0.5)
    middle = slice(2, 5), slice(None), slice(None), slice(8, 16)

    def error(x):
        return float((x - change)[middle].abs().mean())

    both = error(settle(change + flicker, scene, effect, 4))
    assert both < 0.6 * error(smooth_along(change + flicker, scene, 4))
    assert both < 0.6 * error(change + flicker)
    assert torch.equal(settle(change, scene, effect, 0), change)
    assert torch.equal(settle(change, scene, None, 3), smooth_along(change, scene, 3))
