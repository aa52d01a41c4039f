"""Alpha counts in masks, still and moving."""

import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.masks.sources import open_mask
from strange_masks import DISC, SIZE, still


def test_one_pixel_that_is_nearly_opaque_is_no_alpha(tmp_path):
    for level in (254, 200):
        alpha = np.full(SIZE, 255, np.uint8)
        alpha[0, 0] = level
        grey = (DISC * 255).astype(np.uint8)
        make.write_image(tmp_path / "m.png", np.dstack([grey, grey, grey, alpha]))
        assert np.array_equal(still(tmp_path / "m.png").mask, DISC)


def rgba(i=0):
    alpha = np.roll((DISC * 255).astype(np.uint8), 2 * i, 1)
    return np.dstack([make.texture(*SIZE), alpha])


def write_rgba(path, codec, pixel_format, count=4):
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=24, options={"lossless": "1"} if "vp9" in codec else {})
        stream.height, stream.width = SIZE
        stream.pix_fmt = pixel_format
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba(i)), format="rgba")
            frame = frame.reformat(format=pixel_format)
            frame.pts, frame.time_base = i, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("m.mov", "qtrle", "argb"),
        ("m.mov", "png", "rgba"),
        ("m.mkv", "ffv1", "yuva444p"),
        ("m.webm", "libvpx-vp9", "yuva420p"),
    ],
)
def test_alpha_counts_in_moving_masks(tmp_path, name, codec, pixel_format):
    path = write_rgba(tmp_path / name, codec, pixel_format)
    for i, mask in enumerate(itertools.islice(open_mask(path, SIZE).masks(0), 4)):
        assert np.abs(mask - np.roll(DISC, 2 * i, 1)).mean() < 0.005


@pytest.mark.parametrize("name", ["m.webp", "m.png", "m.gif", "m.avif"])
def test_alpha_and_time_of_animations(tmp_path, name):
    pictures = [Image.fromarray(rgba(i)) for i in range(4)]
    lossless = {"lossless": True} if name == "m.webp" else {}
    if name == "m.gif":
        lossless = {"disposal": 2}
    if name == "m.avif":
        lossless = {"max_threads": 1}
    pictures[0].save(
        tmp_path / name, save_all=True, append_images=pictures[1:], duration=40, **lossless
    )
    for i, mask in enumerate(itertools.islice(open_mask(tmp_path / name, SIZE).masks(0), 4)):
        assert np.abs(mask - np.roll(DISC, 2 * i, 1)).mean() < 0.02
