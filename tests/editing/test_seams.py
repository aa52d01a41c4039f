import numpy as np
import pytest
import torch

from soundini import SoundEditor
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.diffusion.sampling import SamplingStep
from soundini.editing.fading import fade_from
from soundini.editing.figures import SeamMeter, border_pairs
from soundini.editing.plan import Window
from soundini.flow.pairs import FlowPairs

SIZE = (8, 8)


def windows(*spans):
    return [Window(i, a, b, None, SIZE) for i, (a, b) in enumerate(spans)]


def measured(plan, levels, mask=None):
    """Figures of an edit that adds so many grey levels to each frame."""
    meter = SeamMeter(plan)
    mask = np.ones(SIZE, np.float32) if mask is None else mask
    rng = np.random.default_rng(0)
    for i, level in enumerate(levels):
        source = rng.integers(0, 100, (*SIZE, 3), np.uint8)  # what the source does is no matter
        meter.add(i, source, source + np.uint8(level), mask)
    return meter.figures()


def test_border_pairs_are_those_that_touch_the_overlap():
    assert border_pairs(windows((0, 5), (3, 8))) == {3, 4, 5}
    assert border_pairs(windows((0, 5), (5, 8))) == {5}
    assert border_pairs(windows((0, 5))) == set()


def test_jump_at_a_border_is_seen_in_what_the_edit_adds():
    plan = windows((0, 4), (4, 8))
    figures = measured(plan, [10, 12, 10, 12, 30, 28, 30, 28])
    assert (figures.border, figures.elsewhere, figures.pairs) == (18, 2, 1)
    assert figures.ratio == 9
    assert measured(plan, [10, 12, 10, 12, 10, 12, 10, 12]).ratio == 1


def test_pairs_without_an_edit_and_pixels_outside_count_for_nothing():
    plan = windows((0, 6), (6, 8))
    assert measured(plan, [0, 0, 0, 0, 10, 12, 14, 12]).elsewhere == pytest.approx((10 + 2 + 2) / 3)
    assert measured(plan, [0, 0, 0, 0, 0, 0, 10, 12]).border == 10
    assert measured(plan, [0] * 8) is None
    assert measured(windows((0, 8)), range(8)) is None
    half = np.zeros(SIZE, np.float32)
    half[:, 4:] = 0.5
    assert measured(plan, [10, 12, 10, 12, 10, 12, 10, 12], half).elsewhere == 2


def still_pairs(frames):
    flow, seen = torch.zeros(frames - 1, 2, *SIZE), torch.ones(frames - 1, 1, *SIZE)
    return FlowPairs(flow, flow, seen, seen)


def test_difference_dies_away_evenly():
    edited = torch.zeros(8, 3, *SIZE)
    out = fade_from(edited, torch.ones(2, 3, *SIZE), still_pairs(8), fade=3)
    levels = out.mean((1, 2, 3)).tolist()
    assert levels == pytest.approx([5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0, 0, 0])
    short = fade_from(edited[:3], torch.ones(2, 3, *SIZE), still_pairs(3), fade=3)
    assert torch.equal(short, out[:3])
    plain = fade_from(edited, torch.ones(2, 3, *SIZE), still_pairs(8), fade=0)
    assert plain.mean((1, 2, 3)).tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0, 0, 0, 0, 0])


def test_difference_moves_with_the_scene_and_ends_where_it_is_hidden():
    earlier = torch.zeros(1, 3, *SIZE)
    earlier[..., 2] = 1
    pairs = still_pairs(3)
    pairs.flow_bwd[:, 0] = -1  # everything moves one pixel to the right
    pairs.visible_bwd[:, :, 4:] = 0
    out = fade_from(torch.zeros(3, 3, *SIZE), earlier, pairs, fade=2)
    assert out[1, 0, 0].tolist() == pytest.approx([0, 0, 0, 0.5, 0, 0, 0, 0])
    assert out[1, 0, 4:].abs().max() == 0


def jumps(monkeypatch, hiss, fade):
    """How much the mean of a grey clip jumps from frame to frame where one window adds light and the next takes it away."""

    def opposite(_pack, inputs, _recipe, _state):
        sign = 1 if inputs.indices[0] == 0 else -1
        x = inputs.source + sign * 0.5 * inputs.mask
        yield SamplingStep(0, 1, 0, -1, x, x, {})

    monkeypatch.setattr("soundini.editing.stream.edit_window", opposite)
    mask = np.zeros((48, 64), np.float32)
    mask[8:40, 12:52] = 1
    settings = ["region.size=32", "window.frames=8", "window.overlap=1", f"window.fade={fade}"]
    recipe = override(Recipe(), [*settings, "sound.envelope=off"])
    frames = np.full((14, 48, 64, 3), 128, np.uint8)
    result = SoundEditor.from_pretrained("debug")(frames, hiss, mask=mask, recipe=recipe)
    return np.abs(np.diff(result.frames[:, 16:32, 24:40].mean((1, 2, 3))))


def test_windows_that_disagree_give_way_to_each_other_evenly(monkeypatch, hiss):
    bare, faded = (jumps(monkeypatch, hiss, fade) for fade in (0, 4))
    assert bare[7:].max() < 1
    assert bare[5:7] == pytest.approx([64, 64], abs=2)  # +64 to -64 over one shared frame
    assert faded[5:11] == pytest.approx([128 / 6] * 6, abs=2)
    assert faded.sum() == pytest.approx(bare.sum(), abs=3)
