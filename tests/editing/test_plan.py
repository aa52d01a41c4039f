from itertools import pairwise

import pytest

from soundini.config.recipe import RegionConfig, WindowConfig
from soundini.editing.plan import longest_span, plan_windows, split_frames
from soundini.geometry import Box


@pytest.mark.parametrize("count", [1, 2, 11, 12, 13, 23, 24, 100, 241])
@pytest.mark.parametrize(("frames", "overlap"), [(12, 2), (12, 0), (5, 2), (1, 0)])
def test_windows_cover_every_frame_once_but_for_the_overlap(count, frames, overlap):
    spans = split_frames(count, WindowConfig(frames=frames, overlap=overlap))
    assert spans[0][0] == 0
    assert spans[-1][1] == count
    assert all(b - a <= frames for a, b in spans)
    assert all(b[0] == a[1] - overlap for a, b in pairwise(spans))
    lengths = [b - a for a, b in spans]
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("count", [1, 2, 3, 10, 28, 100, 241])
@pytest.mark.parametrize("stride", [2, 3, 7])
@pytest.mark.parametrize(("frames", "overlap"), [(14, 2), (12, 0), (5, 1), (1, 0)])
def test_windows_begin_and_end_on_keyframes(count, stride, frames, overlap):
    config = WindowConfig(frames=frames, overlap=overlap, stride=stride)
    windows = plan_windows([Box(4, 4, 20, 20)] * count, (64, 64), RegionConfig(), config, 16)
    assert (windows[0].start, windows[-1].stop) == (0, count)
    everywhere = [[w.start + i for i in w.sampled] for w in windows]
    assert sorted({*range(0, count, stride), count - 1}) == sorted(set().union(*everywhere))
    for w, sampled in zip(windows, everywhere, strict=True):
        assert sampled[0] == w.start
        assert 0 < len(sampled) <= frames
        assert len(w) <= longest_span(config) + (stride - 1 if overlap == 0 else 0)
        if overlap or w is windows[-1]:
            assert sampled[-1] == w.stop - 1
    for before, after in pairwise(everywhere):
        assert before[len(before) - overlap :] == after[:overlap]
    for before, after in pairwise(windows):
        assert before.stop >= after.start


def test_boxes_follow_the_mask_at_one_size():
    bounds = [Box(10 + i * 5, 40, 60, 40) for i in range(24)]
    windows = plan_windows(bounds, (240, 426), RegionConfig(), WindowConfig(frames=8), 16)
    boxes = [w.box for w in windows]
    assert len({(b.width, b.height) for b in boxes}) == 1
    assert boxes[0].x < boxes[-1].x
    for window, box in zip(windows, boxes, strict=True):
        for b in bounds[window.start : window.stop]:
            assert box.x <= b.x
            assert b.right <= box.right
    assert {w.size for w in windows} == {windows[0].size}
    assert all(side % 16 == 0 for side in windows[0].size)


def test_windows_without_a_mask_have_no_box():
    bounds = [None] * 12 + [Box(10, 10, 40, 40)] * 12
    windows = plan_windows(
        bounds, (100, 100), RegionConfig(), WindowConfig(frames=12, overlap=0), 16
    )
    assert [w.box is None for w in windows] == [True, False]
