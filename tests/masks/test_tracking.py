from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

import media_factory as make
from soundini.errors import MaskError
from soundini.masks.tracking import dis_flow, move_mask, track_masks

STEP = 2


def overlap(one, other):
    """Intersection over union."""
    a, b = one >= 0.5, other >= 0.5
    return (a & b).sum() / (a | b).sum()


def known_flow(here, there):
    """All moves right by ``STEP`` a frame; which way tells the marker in the corner."""
    forward = int(there[0, 0, 0]) > int(here[0, 0, 0])
    flow = np.zeros((*here.shape[:2], 2), np.float32)
    flow[..., 0] = STEP if forward else -STEP
    return flow


def numbered(count, size=(40, 120)):
    frames = [np.zeros((*size, 3), np.uint8) for _ in range(count)]
    for i, frame in enumerate(frames):
        frame[0, 0] = i
    return frames


def bar(at, size=(40, 120)):
    mask = np.zeros(size, np.float32)
    mask[10:30, at : at + 20] = 1
    return mask


def test_dis_measures_a_known_motion():
    frames = make.moving_frames(2, (96, 128), motion=(1, 3))
    flow = dis_flow(*frames)
    middle = flow[20:-20, 20:-20]
    assert np.abs(np.median(middle, (0, 1)) - (3, 1)).max() < 0.2
    assert np.array_equal(dis_flow(*frames), flow)


def test_dis_measures_large_frames_on_a_small_copy():
    small = make.moving_frames(2, (96, 128), motion=(1, 2))
    large = [cv2.resize(f, (1280, 960), interpolation=cv2.INTER_CUBIC) for f in small]
    flow = dis_flow(*large)
    assert flow.shape == (960, 1280, 2)
    assert np.abs(np.median(flow[200:-200, 200:-200], (0, 1)) - (20, 10)).max() < 2


@pytest.mark.parametrize("keys", [(0,), (9,), (4,), (0, 9), (0, 4, 9), (3, 7)])
def test_a_known_flow_carries_masks_exactly(keys):
    keyframes = {5 + k: bar(10 + STEP * k) for k in keys}
    masks = list(track_masks(keyframes, numbered(10), first=5, flow=known_flow))
    assert len(masks) == 10
    for i, mask in enumerate(masks):
        assert mask.dtype == np.float32
        assert np.abs(mask - bar(10 + STEP * i)).max() < 0.01


def test_between_keyframes_the_nearer_one_weighs_more():
    keyframes = {0: bar(10), 4: bar(60)}
    masks = list(track_masks(keyframes, numbered(5), flow=known_flow))
    first, second = (10, 18), (10, 68)
    for i, mask in enumerate(masks[1:-1], 1):
        assert mask[20, 10 + STEP * i + 9] == pytest.approx(1 - i / 4, abs=0.02)
        assert mask[20, 60 - STEP * (4 - i) + 9] == pytest.approx(i / 4, abs=0.02)
    assert masks[0][first] == 1
    assert masks[-1][second] == 1


@pytest.mark.parametrize("keys", [(0,), (0, 23), (12,)])
def test_a_moving_disc_is_followed(keys):
    frames, truth = make.moving_disc(24, (96, 160), step=STEP)
    tracked = list(track_masks({k: truth[k] for k in keys}, frames))
    assert len(tracked) == 24
    assert min(overlap(a, b) for a, b in zip(tracked, truth, strict=True)) > 0.95
    held = overlap(truth[keys[0]], truth[-1] if keys[0] < 12 else truth[0])
    assert held < 0.6


def test_a_zoom_carries_the_mask_with_it():
    ground, mask = make.texture(160, 200), make.disc_mask((160, 200), 30)
    frames, truth = [], []
    for i in range(12):
        zoom = cv2.getRotationMatrix2D((100, 80), 0.5 * i, 1.015**i)
        frames.append(cv2.warpAffine(ground, zoom, (200, 160), borderMode=cv2.BORDER_REFLECT))
        truth.append(cv2.warpAffine(mask, zoom, (200, 160)))
    tracked = list(track_masks({0: mask}, frames))
    assert min(overlap(a, b) for a, b in zip(tracked, truth, strict=True)) > 0.88
    assert overlap(truth[0], truth[-1]) < 0.75


def test_a_still_scene_keeps_its_mask():
    frames = [make.texture(64, 96)] * 10
    masks = list(track_masks({0: make.disc_mask()}, frames))
    assert overlap(masks[-1], make.disc_mask()) > 0.97


def test_a_mask_outside_the_part_is_refused():
    with pytest.raises(MaskError, match="a mask for frame 3, but the frames edited are 5 and"):
        list(track_masks({3: bar(10)}, numbered(4), first=5, flow=known_flow))
    with pytest.raises(MaskError, match="a mask for frame 9, but the frames edited are 5 to 8"):
        list(track_masks({5: bar(10), 9: bar(20)}, numbered(4), first=5, flow=known_flow))


def test_masks_larger_than_the_frames_of_the_flow():
    mask = cv2.resize(bar(10), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    moved = move_mask(mask, *numbered(2), flow=known_flow)
    assert np.abs(moved - np.roll(mask, 2 * STEP, 1)).max() < 0.01


@pytest.mark.parametrize("last", [False, True])
def test_memory_does_not_grow_with_length(last):
    def peak(count):
        frames = (np.full((64, 96, 3), i % 200, np.uint8) for i in range(count))
        keyframes = {0: make.disc_mask()} | ({count - 1: make.disc_mask()} if last else {})
        tracemalloc.start()
        for _ in track_masks(keyframes, frames, flow=known_flow):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)
    assert peak(150) < peak(15) + 4 * 64 * 96 * 3
