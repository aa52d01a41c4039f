from __future__ import annotations

import numpy as np
import pytest
import torch

import media_factory as make
from soundini.geometry import (
    Box,
    edit_size,
    mask_to_model,
    paste_change,
    roi_box,
    to_model,
)


def random_box(rng, rows, columns):
    """A box anywhere, in part or even wholly outside the frame."""
    x, y = int(rng.integers(-20, columns)), int(rng.integers(-20, rows))
    return Box(x, y, int(rng.integers(1, columns + 20)), int(rng.integers(1, rows + 20)))


@pytest.mark.parametrize("seed", range(30))
def test_outside_the_mask_nothing_changes(seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(17, 90, 2)
    source = rng.integers(0, 256, (rows, columns, 3), np.uint8)
    mask = (rng.random((rows, columns)) * (rng.random((rows, columns)) > 0.5)).astype(np.float32)
    h, w = (int(v) for v in rng.integers(4, 60, 2))
    edited, seen = torch.from_numpy(rng.normal(size=(2, 3, h, w))).float()
    box = random_box(rng, rows, columns)
    kept = source.copy()
    out = paste_change(source, edited, seen, mask, box)
    assert out.dtype == np.uint8
    assert np.array_equal(source, kept)
    assert np.array_equal(out[mask == 0], source[mask == 0])
    outside = np.ones((rows, columns), bool)
    outside[max(box.y, 0) : max(box.bottom, 0), max(box.x, 0) : max(box.right, 0)] = False
    assert np.array_equal(out[outside], source[outside])


def test_no_change_gives_the_source_back_bit_for_bit():
    source = make.texture(60, 80)
    crop = to_model(source[None], Box(5, 3, 50, 40), (32, 40))[0]
    out = paste_change(source, crop, crop, np.ones((60, 80), np.float32), Box(5, 3, 50, 40))
    assert np.array_equal(out, source)


def test_detail_survives_a_change_of_brightness():
    source = make.texture(64, 64)
    box = Box(8, 8, 48, 48)
    seen = to_model(source[None], box, (16, 16))[0]
    out = paste_change(source, seen + 0.1, seen, np.ones((64, 64), np.float32), box)
    inside = (slice(8, 56), slice(8, 56))
    expected = (source[inside].astype(float) + 12.75).clip(0, 255)
    assert np.abs(out[inside] - expected).max() <= 0.5


def test_detail_is_dimmed_with_the_scene_and_hidden_by_what_replaces_it():
    rng = np.random.default_rng(3)
    source = make.texture(64, 64)
    source[::2] = source[::2] // 2  # detail that 16 pixels cannot hold
    box = Box(0, 0, 64, 64)
    seen = to_model(source[None], box, (16, 16))[0]
    whole = np.ones((64, 64), np.float32)
    fine = source.astype(float) - np.roll(source, 1, 0)
    dark = paste_change(source, 0.4 * (seen + 1) - 1, seen, whole, box)
    dimmed = (dark.astype(float) - np.roll(dark, 1, 0))[8:-8, 8:-8]
    slope = float((dimmed * fine[8:-8, 8:-8]).sum() / (fine[8:-8, 8:-8] ** 2).sum())
    assert 0.3 < slope < 0.5
    flames = torch.from_numpy(rng.uniform(0, 1, (3, 1, 1))).float().expand(3, 16, 16)
    hidden = paste_change(source, flames.clone(), seen, whole, box)
    left = (hidden.astype(float) - np.roll(hidden, 1, 0))[8:-8, 8:-8]
    assert abs(float((left * fine[8:-8, 8:-8]).sum() / (fine[8:-8, 8:-8] ** 2).sum())) < 0.1


def test_an_edit_that_is_not_finite_is_refused_where_it_shows():
    source = make.texture(32, 32)
    mask = np.zeros((32, 32), np.float32)
    edited = torch.full((3, 32, 32), float("nan"))
    box = Box(0, 0, 32, 32)
    assert np.array_equal(paste_change(source, edited, torch.zeros(3, 32, 32), mask, box), source)
    mask[4, 4] = 1
    with pytest.raises(ValueError, match="NaN"):
        paste_change(source, edited, torch.zeros(3, 32, 32), mask, box)
    with pytest.raises(ValueError, match="differ in size"):
        paste_change(source, edited, edited, mask[:-1], box)


def test_to_model_at_native_size_is_exact():
    frames = np.stack(make.moving_frames(2, (40, 48)))
    out = to_model(frames, Box(4, 2, 20, 10), (10, 20))
    assert out.shape == (2, 3, 10, 20)
    expected = frames[:, 2:12, 4:24].transpose(0, 3, 1, 2) / 127.5 - 1
    assert np.abs(out.numpy() - expected).max() < 1e-6
    assert torch.equal(to_model(frames.astype(np.float32) / 255, Box(4, 2, 20, 10), (10, 20)), out)


def test_to_model_averages_instead_of_skipping():
    stripes = np.zeros((1, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 255
    small = to_model(stripes, Box(0, 0, 64, 64), (16, 16))
    assert small[..., 2:-2].abs().max() < 0.05


def test_a_box_outside_repeats_the_edge():
    frame = make.texture(20, 30)[None]
    out = to_model(frame, Box(-10, -10, 50, 40), (40, 50))
    padded = np.pad(frame[0], ((10, 10), (10, 10), (0, 0)), mode="edge")
    assert np.abs(out[0].permute(1, 2, 0).numpy() - (padded / 127.5 - 1)).max() < 1e-6
    mask = mask_to_model(np.ones((1, 20, 30), np.float32), Box(-10, -10, 50, 40), (40, 50))
    assert mask[0, 0, 10:30, 10:40].min() == 1
    assert mask.sum() == 20 * 30


@pytest.mark.parametrize("size", [(16, 16), (48, 64), (200, 100)])
def test_model_ranges(size):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 2, (2, 50, 60, 3)).astype(np.uint8) * 255
    out = to_model(frames, Box(0, 0, 60, 50), size)
    assert out.shape == (2, 3, *size)
    assert out.min() >= -1
    assert out.max() <= 1
    mask = mask_to_model(
        rng.integers(0, 2, (2, 50, 60)).astype(np.float32), Box(0, 0, 60, 50), size
    )
    assert mask.shape == (2, 1, *size)
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert torch.equal(out, to_model(frames, Box(0, 0, 60, 50), size))


@pytest.mark.parametrize("seed", range(40))
def test_roi_box_holds_the_region_and_fits(seed):
    rng = np.random.default_rng(seed)
    rows, columns = (int(v) for v in rng.integers(40, 400, 2))
    x, y = int(rng.integers(0, columns)), int(rng.integers(0, rows))
    region = Box(x, y, int(rng.integers(1, columns - x + 1)), int(rng.integers(1, rows - y + 1)))
    box = roi_box(region, (rows, columns), pad=0.25, min_size=32)
    assert box.x <= region.x
    assert box.y <= region.y
    assert box.right >= region.right
    assert box.bottom >= region.bottom
    assert min(box.width, box.height) >= 32
    assert box.x >= 0
    assert box.y >= 0
    assert box.right <= columns
    assert box.bottom <= rows
    if box.width > 2 * box.height:
        assert box.height == rows
    if box.height > 2 * box.width:
        assert box.width == columns


def test_roi_box_pads_and_centres():
    assert roi_box(Box(40, 40, 20, 20), (100, 100), pad=0.5, min_size=8) == Box(30, 30, 40, 40)
    assert roi_box(Box(0, 40, 20, 20), (100, 100), pad=0.5, min_size=8) == Box(0, 30, 40, 40)
    assert roi_box(Box(10, 10, 4, 4), (100, 100), pad=0, min_size=64).width == 64
    assert roi_box(Box(4, 4, 4, 4), (20, 20), min_size=64) == Box(-22, -22, 64, 64)
    with pytest.raises(ValueError, match="pad"):
        roi_box(Box(0, 0, 4, 4), (20, 20), pad=-1)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(0, 0, 100, 100), (256, 256)),
        (Box(0, 0, 200, 100), (128, 256)),
        (Box(0, 0, 100, 200), (256, 128)),
        (Box(0, 0, 300, 200), (160, 256)),
        (Box(0, 0, 1000, 10), (32, 256)),
    ],
)
def test_edit_size_keeps_the_aspect(box, expected):
    assert edit_size(box, 256, 32) == expected


def test_boxes():
    assert Box(0, 0, 4, 4).union(Box(10, -2, 2, 3)) == Box(0, -2, 12, 6)
    with pytest.raises(ValueError, match="at least one pixel"):
        Box(0, 0, 0, 4)
