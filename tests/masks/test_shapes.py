from __future__ import annotations

import numpy as np
import pytest

from soundini.errors import MaskError
from soundini.masks.shapes import shape_mask

SIZE = (60, 80)


def test_a_box_covers_its_pixels_and_no_others():
    mask = shape_mask("box", "10,20,30,15", SIZE)
    expected = np.zeros(SIZE, np.float32)
    expected[20:35, 10:40] = 1
    assert mask.dtype == np.float32
    assert np.array_equal(mask, expected)
    half = shape_mask("box", "10.5,20.25,30,15", SIZE)
    assert half[25, 10] == half[25, 40] == 0.5
    assert half[20, 25] == 0.75


@pytest.mark.parametrize(
    ("kind", "text", "area"),
    [
        ("box", "10.5,20.25,30,15", 450),
        ("ellipse", "40,30,20,10", np.pi * 200),
        ("polygon", "10,10,50,10,30,40", 600),
        ("polygon", "10,10,50,10,50,40,10,40", 1200),
    ],
)
def test_areas_are_right(kind, text, area):
    mask = shape_mask(kind, text, SIZE)
    assert mask.sum() == pytest.approx(area, rel=0.03)
    assert 0 <= mask.min() <= mask.max() == 1


def test_edges_are_antialiased():
    mask = shape_mask("ellipse", "40,30,20,10", SIZE)
    assert len(np.unique(mask)) > 8


@pytest.mark.parametrize(
    ("kind", "fractions", "pixels"),
    [
        ("box", "0.25,0.5,0.5,0.25", "20,30,40,15"),
        ("box", "0,0,1.0,1", "0,0,80,60"),
        ("ellipse", "0.5,0.5,0.25,.25", "40,30,20,15"),
        ("polygon", "0.1,0.1,0.9,0.1,0.5,0.9", "8,6,72,6,40,54"),
    ],
)
def test_fractions_are_of_the_frame(kind, fractions, pixels):
    assert np.array_equal(shape_mask(kind, fractions, SIZE), shape_mask(kind, pixels, SIZE))


def test_whole_numbers_are_pixels():
    assert shape_mask("box", "0,0,1,1", SIZE).sum() == pytest.approx(1, abs=0.6)


def test_a_shape_may_stick_out():
    mask = shape_mask("box", "-100,-100,120,110", SIZE)
    assert mask[:9, :19].min() == 1
    assert mask[12:].max() == 0
    assert shape_mask("box", "-1e9,-1e9,2e9,2e9", SIZE).min() == 1


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("box", "1,2,3", "write it as x,y,w,h"),
        ("box", "1,2,three,4", "write it as x,y,w,h"),
        ("box", "", "write it as x,y,w,h"),
        ("box", "1,2,nan,4", "write it as x,y,w,h"),
        ("ellipse", "1,2,inf,4", "write it as cx,cy,rx,ry"),
        ("box", "1,2,0,4", "no area"),
        ("ellipse", "10,10,5,-5", "no area"),
        ("polygon", "1,2,3,4", "write it as x1,y1"),
        ("polygon", "1,2,3,4,5,6,7", "write it as x1,y1"),
        ("box", "500,500,10,10", "outside the 80x60 frame"),
        ("polygon", "-9,-9,-5,-9,-5,-5", "outside the 80x60 frame"),
    ],
)
def test_bad_shapes(kind, text, words):
    with pytest.raises(MaskError, match=words) as error:
        shape_mask(kind, text, SIZE)
    assert "\n" not in str(error.value)
