from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import media_factory as make
from soundini.geometry import Box
from soundini.masks.preview import contact_strip, overlay
from soundini.masks.refine import bounds, dilate, feather, invert

DISC = make.disc_mask((80, 100), 15)
OUTSIDE = ndimage.distance_transform_edt(DISC == 0)


@pytest.mark.parametrize("pixels", [1, 3, 8])
def test_dilating_grows_by_a_disc(pixels):
    grown = dilate(DISC, pixels)
    assert (grown[pixels >= OUTSIDE] == 1).all()
    assert (grown[pixels + 1 < OUTSIDE] == 0).all()
    shrunk = dilate(DISC, -pixels)
    assert shrunk.sum() < DISC.sum()
    assert (shrunk <= DISC).all()
    assert np.abs(dilate(shrunk, pixels) - DISC).mean() < 0.01
    assert np.array_equal(dilate(DISC, 0), DISC)


def test_eroding_does_not_eat_from_the_border_of_the_frame():
    assert dilate(np.ones((20, 20), np.float32), -3).min() == 1


@pytest.mark.parametrize("pixels", [1, 4.5, 12])
def test_feathering_stays_within_its_reach(pixels):
    soft = feather(DISC, pixels)
    assert soft.dtype == np.float32
    assert (soft[pixels <= OUTSIDE] == 0).all()
    assert (soft[DISC == 1] == 1).all()
    assert soft.min() >= 0
    assert soft.max() <= 1
    ring = (OUTSIDE > 0) & (pixels > OUTSIDE)
    order = np.argsort(OUTSIDE[ring])
    assert (np.diff(soft[ring][order]) <= 1e-3).all()


def test_feathering_nothing_or_by_nothing():
    assert not feather(np.zeros((8, 8), np.float32), 5).any()
    assert np.array_equal(feather(DISC, 0), DISC)


def test_invert_and_bounds():
    assert np.array_equal(invert(invert(DISC)), DISC)
    assert bounds(DISC) == Box(35, 25, 31, 31)
    assert bounds(np.zeros((4, 4))) is None
    single = np.zeros((5, 7))
    single[2, 3] = 1e-3
    assert bounds(single) == Box(3, 2, 1, 1)


def test_the_overlay_tints_inside_and_dims_outside():
    frame = make.texture(80, 100)
    picture = overlay(frame, DISC)
    assert picture.shape == frame.shape
    assert picture.dtype == np.uint8
    assert picture[0].mean() < 0.7 * frame[0].mean()
    inside = dilate(DISC, -3) == 1
    change = picture[inside].astype(float).mean(0) - frame[inside].astype(float).mean(0)
    assert change[0] > 20
    assert change[2] < -20
    assert (picture == 255).all(-1).sum() > 60
    strip = contact_strip([picture] * 3, gap=4)
    assert strip.shape == (80, 308, 3)
