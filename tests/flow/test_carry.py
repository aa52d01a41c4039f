import pytest
import torch

from soundini.flow.along import carry_between

SIDE = 16


class Pan:
    """A scene that moves to the right by so many pixels a frame; every frame bears its number as its level."""

    differentiable = False

    def __init__(self, step):
        self.step = step

    def __call__(self, frames_a, frames_b):
        apart = (frames_b - frames_a).mean((1, 2, 3)).view(-1, 1, 1)
        flow = frames_a.new_zeros(len(frames_a), 2, SIDE, SIDE)
        flow[:, 0] = self.step * apart
        return flow


def numbered(count):
    return torch.arange(count, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, SIDE, SIDE)


def carry(known, keyframes, count, step=1, cover=None):
    cover = torch.ones_like(known[:, :1]) if cover is None else cover
    return carry_between(known, cover, keyframes, numbered(count), Pan(step))


def levels(*values):
    return torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 3, SIDE, SIDE)


def test_what_is_carried_moves_with_the_scene():
    ramp = torch.arange(SIDE).float().expand(1, 3, SIDE, SIDE)
    known = torch.cat(
        [ramp - 2 * i for i in (0, 3, 5)]
    )  # the scene's own columns, as each frame sees them
    out = carry(known, [0, 3, 5], 6, step=2)
    for i in range(6):
        expected = ramp[0] - 2 * i
        assert torch.allclose(out[i][..., 4:-6], expected[..., 4:-6], atol=1e-4), i
    assert torch.equal(out[[0, 3, 5]], known)


def test_sides_count_by_their_closeness_in_time():
    out = carry(levels(1.0, 5.0), [0, 4], 5, step=0)
    assert out.mean((1, 2, 3)).tolist() == pytest.approx([1, 2, 3, 4, 5])


def test_what_one_side_hides_comes_from_the_other():
    out = carry(levels(1.0, 5.0), [0, 4], 5, step=3)
    nearest = out[
        1, 0, 8
    ]  # left of column 3 the frame before shows nothing of it; from 7 on, the one after
    assert nearest[:2].tolist() == pytest.approx([5, 5], rel=0.01)
    assert nearest[3:7].tolist() == pytest.approx([2] * 4, rel=0.01)
    assert nearest[8:].tolist() == pytest.approx([1] * 8, rel=0.01)


def test_what_neither_side_shows_is_mixed_by_closeness():
    out = carry(levels(1.0, 5.0), [0, 4], 5, step=40)
    assert out.mean((1, 2, 3)).tolist() == pytest.approx([1, 2, 3, 4, 5])


def test_a_side_counts_where_it_covers():
    cover = torch.ones(2, 1, SIDE, SIDE)
    cover[0, :, :, :8] = 0
    out = carry(levels(1.0, 5.0), [0, 2], 3, step=0, cover=cover)
    assert out[1, 0, 0, :8].tolist() == pytest.approx([5] * 8, rel=0.01)
    assert out[1, 0, 0, 8:].tolist() == pytest.approx([3] * 8, rel=0.01)


def test_past_the_last_keyframe_there_is_one_side():
    out = carry(levels(1.0, 5.0), [0, 2], 5, step=0)
    assert out.mean((1, 2, 3)).tolist() == pytest.approx([1, 3, 5, 5, 5])
    assert carry(levels(1.0), [0], 1).mean() == 1
