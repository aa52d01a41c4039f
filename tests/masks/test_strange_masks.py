"""Masks as other tools leave them: labels, palettes, colours, alpha, gaps in numbers, other rates, other kinds of files."""

import itertools
import json
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.config.recipe import RegionConfig
from soundini.editing.masking import make_masks
from soundini.editing.request import MaskRequest
from soundini.errors import MaskError, SoundiniError
from soundini.masks.sources import StillMask, open_mask
from soundini.media.video_info import probe_video

SIZE = (64, 96)
DISC = make.disc_mask(SIZE)
INSIDE = DISC > 0
LEFT = INSIDE & (np.arange(96) < 48)
SOFT = make.disc_mask(SIZE, 20) * np.linspace(0, 1, 96, dtype=np.float32)
SOFT /= SOFT.max()
PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]


def still(path, label=0):
    source = open_mask(path, SIZE, label=label)
    assert isinstance(source, StillMask)
    return source


def save(path, values, mode=None, palette=None):
    image = Image.fromarray(np.ascontiguousarray(values))
    if mode is not None:
        image = image.convert(mode)
    if palette is not None:
        image.putpalette(palette)
    image.save(path)
    return path


def indices(dtype=np.uint8):
    """Two objects: 1 on the left, 2 on the right."""
    return (INSIDE * (2 - LEFT.astype(int))).astype(dtype)


# ---- what values mean


def test_every_index_of_a_palette_is_an_object(tmp_path):
    source = still(save(tmp_path / "davis.png", indices(), "P", PALETTE))
    assert np.array_equal(source.mask, DISC)
    assert "holds the labels 1, 2; all of them are edited, region.label picks one" in str(
        source.notes[0]
    )
    one = still(tmp_path / "davis.png", label=1)
    assert np.array_equal(one.mask, LEFT.astype(np.float32))
    assert one.notes == ()
    with pytest.raises(
        MaskError, match=r"has no label 3, only 1, 2; choose another with region.label"
    ):
        still(tmp_path / "davis.png", label=3)


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        *((".tif", kind) for kind in (np.uint8, np.uint16, np.int32, np.float32, np.bool_)),
        *(
            (".npy", kind)
            for kind in (np.uint8, np.uint16, np.int32, np.float32, np.int64, np.bool_)
        ),
        *((".png", kind) for kind in (np.uint8, np.uint16, np.bool_)),
    ],
)
def test_zero_and_one(tmp_path, suffix, dtype):
    path = tmp_path / f"m{suffix}"
    if suffix == ".npy":
        np.save(path, INSIDE.astype(dtype))
    else:
        Image.fromarray(INSIDE.astype(dtype)).save(path)
    source = still(path)
    assert np.array_equal(source.mask, DISC)
    assert source.notes == ()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_labels_of_many_bits(tmp_path, dtype):
    np.save(tmp_path / "m.npy", indices(dtype) * dtype(1300))
    source = still(tmp_path / "m.npy")
    assert np.array_equal(source.mask, DISC)
    assert "1300, 2600" in str(source.notes[0])
    assert np.array_equal(still(tmp_path / "m.npy", 1300).mask, LEFT.astype(np.float32))


def test_void_below_zero_is_no_object(tmp_path):
    np.save(tmp_path / "m.npy", np.where(INSIDE, 3, -1).astype(np.int32))
    assert np.array_equal(still(tmp_path / "m.npy").mask, DISC)


@pytest.mark.parametrize(
    ("name", "scale", "dtype"),
    [
        ("m.png", 255, np.uint8),
        ("m.png", 65535, np.uint16),
        ("m.npy", 1, np.float32),
        ("m.npy", 255, np.float32),
    ],
)
def test_soft_greys_stay_soft(tmp_path, name, scale, dtype):
    values = (
        np.round(SOFT * scale).astype(dtype) if dtype != np.float32 else SOFT * np.float32(scale)
    )
    path = tmp_path / name
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)
    assert np.abs(still(path).mask - SOFT).max() < 0.07
    assert still(path).notes == ()


def test_a_grey_palette_is_read_as_grey(tmp_path):
    grey = np.round(SOFT * 255).astype(np.uint8)
    image = Image.fromarray(grey).convert("P")
    image.putpalette([v for i in range(256) for v in (i, i, i)])
    image.save(tmp_path / "m.png")
    assert np.abs(still(tmp_path / "m.png").mask - SOFT).max() < 0.07
    swapped = Image.fromarray(255 - grey)
    swapped = swapped.convert("P")
    swapped.putpalette([v for i in range(256) for v in (255 - i, 255 - i, 255 - i)])
    swapped.save(tmp_path / "n.png")
    assert np.abs(still(tmp_path / "n.png").mask - SOFT).max() < 0.07


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 128), (0, 200, 90), (255, 255, 0)])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_one_colour_on_black(tmp_path, colour, suffix):
    picture = (DISC[..., None] * np.array(colour)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / f"m{suffix}", quality=95, subsampling=0)
    source = still(tmp_path / f"m{suffix}")
    assert np.abs(source.mask - DISC).mean() < (0.001 if suffix == ".png" else 0.02)
    assert source.notes == ()


def test_an_edge_of_a_colour_stays_soft(tmp_path):
    picture = (SOFT[..., None] * np.array((255, 0, 0))).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "m.png")
    assert np.abs(still(tmp_path / "m.png").mask - SOFT).max() < 0.15


def test_several_colours_on_black_are_objects(tmp_path):
    save(tmp_path / "m.png", np.array(PALETTE, np.uint8).reshape(-1, 3)[indices()])
    source = still(tmp_path / "m.png")
    assert np.array_equal(source.mask, DISC)
    assert "holds 2 colours; all but black is edited" in str(source.notes[0])
    with pytest.raises(MaskError, match="is in colour and has no labels"):
        still(tmp_path / "m.png", label=1)


def test_a_colour_video(tmp_path):
    picture = (DISC[..., None] * np.array((255, 0, 0))).astype(np.uint8)
    path = make.write_video(tmp_path / "m.mp4", [picture] * 4)
    masks = list(itertools.islice(open_mask(path, SIZE).masks(0), 4))
    assert all(np.abs(mask - DISC).mean() < 0.03 for mask in masks)


def test_a_folder_is_read_in_one_way(tmp_path):
    """A soft mask that fades in is faint at first, and that does not make labels of it."""
    for i in range(4):
        grey = np.round(SOFT * 255 * (0, 0.04, 0.5, 1)[i]).astype(np.uint8)
        make.write_image(tmp_path / f"{i}.png", grey)
    masks = list(itertools.islice(open_mask(tmp_path, SIZE).masks(0), 4))
    assert [round(float(m.max()), 1) for m in masks] == [0.0, 0.0, 0.5, 1.0]


# ---- alpha


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


# ---- which frame a mask is of


@pytest.fixture
def clip(tmp_path):
    return probe_video(make.write_video(tmp_path / "clip.mp4", 12))


def frames_of(count=12):
    return iter(make.moving_frames(count, motion=(0, 2)))


def write_numbered(folder, numbers, name="{:05d}.png"):
    folder.mkdir()
    for n in numbers:
        make.write_image(folder / name.format(n), np.roll(DISC, 2 * n, 1))
    return folder


def made(folder, clip, first=0, stop=None, track=False, **region):
    notes = []
    request = MaskRequest(paths=(str(folder),))
    config = RegionConfig(track=track, feather=0, **region)
    count = (12 if stop is None else stop) - first
    frames = itertools.islice(frames_of(), first, first + count)
    return list(make_masks(request, config, clip, frames, first, stop, notes)), notes


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("name", ["{:05d}.png", "frame_{}.png", "clip2_{:03d}_mask.png"])
def test_numbers_are_frames_from_0_or_1(tmp_path, clip, base, name):
    folder = write_numbered(tmp_path / "m", range(base, 12 + base), name)
    masks, _ = made(folder, clip)
    for i, mask in enumerate(masks):
        assert np.array_equal(mask, np.roll(DISC, 2 * (i + base), 1))
    part, _ = made(folder, clip, 4, 7)
    assert np.array_equal(part[0], np.roll(DISC, 2 * (4 + base), 1))


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([0, 1, 2, 5, 6, 7, 8, 9, 10, 11], "3, 4"),
        (range(0, 12, 2), "1, 3, 5, 7, 9, 11"),
        (range(2, 13, 2), "0, 2, 4, 6, 8, 10"),  # counted from 1: the last is the last frame
        (range(3, 12), "0 to 2"),
        (range(9), "9 to 11"),
    ],
)
def test_gaps_are_refused_with_their_numbers_or_tracked(tmp_path, clip, numbers, missing):
    folder = write_numbered(tmp_path / "m", numbers)
    with pytest.raises(
        MaskError, match=rf"has no image for frames {missing}, counted from 0; .*region.track"
    ):
        made(folder, clip)
    masks, notes = made(folder, clip, track=True)
    assert (
        f"has no image for frames {missing}, counted from 0; the others are carried there"
        in str(notes[0])
    )
    shift = 2 if max(numbers) == 12 else 0
    for i, mask in enumerate(masks):
        there = np.roll(DISC, 2 * i + shift, 1)
        assert (np.minimum(mask, there).sum() / np.maximum(mask, there).sum()) > 0.7, i


def test_a_part_without_gaps_is_taken_as_it_is(tmp_path, clip):
    folder = write_numbered(tmp_path / "m", [0, 1, 2, 5, 6, 7])
    masks, notes = made(folder, clip, 5, 8)
    assert np.array_equal(masks[0], np.roll(DISC, 10, 1))
    assert notes == []
    with pytest.raises(MaskError, match="frames 8, 9,"):
        made(folder, clip, 8, 10, track=True)


def test_hidden_files_and_others_are_left_out(tmp_path, clip):
    folder = write_numbered(tmp_path / "m", range(12))
    (folder / "._00003.png").write_bytes(b"\0\5\x16\7")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "readme.txt").write_text("x")
    (folder / "meta.json").write_text("{}")
    assert len(made(folder, clip)[0]) == 12


def mask_video(path, fps, count, shift_per_second):
    frames = []
    for i in range(count):
        moved = np.roll(DISC, round(shift_per_second * i / fps), 1)
        frames.append(np.repeat(moved[..., None], 3, 2).astype(np.uint8) * 255)
    return make.write_video(path, frames, fps=fps)


@pytest.mark.parametrize("fps", [12, 48, 30])
def test_a_mask_video_of_another_rate_is_laid_along_by_time(tmp_path, fps):
    clip = probe_video(make.write_video(tmp_path / "clip.mp4", 24))
    path = mask_video(tmp_path / "m.mp4", fps, fps, 48)
    source = open_mask(path, SIZE, clip)
    assert "by time" in str(source.notes[0])
    for i, mask in enumerate(itertools.islice(source.masks(0), 24)):
        there = np.roll(DISC, 2 * i, 1)
        assert np.minimum(mask, there).sum() / np.maximum(mask, there).sum() > 0.75, i
    later = next(source.masks(10))
    assert np.minimum(later, np.roll(DISC, 20, 1)).sum() / DISC.sum() > 0.8


def test_a_mask_video_that_ends_early_says_where(tmp_path):
    clip = probe_video(make.write_video(tmp_path / "clip.mp4", 48))
    path = mask_video(tmp_path / "m.mp4", 12, 12, 0)
    with pytest.raises(MaskError, match=r"ends before frame 2\d"):
        list(itertools.islice(open_mask(path, SIZE, clip).masks(0), 48))
    assert len(list(itertools.islice(open_mask(path, SIZE, clip).masks(0), 24))) == 24


def test_as_many_frames_go_frame_for_frame(tmp_path):
    clip = probe_video(make.write_video(tmp_path / "clip.mp4", 24))
    source = open_mask(mask_video(tmp_path / "m.mp4", 30, 24, 60), SIZE, clip)
    assert source.notes == ()
    for i, mask in enumerate(itertools.islice(source.masks(0), 24)):
        assert np.abs(mask - np.roll(DISC, 2 * i, 1)).mean() < 0.02


# ---- kinds of file


@pytest.mark.parametrize("name", ["m.jfif", "m.tga", "m.pgm", "m.jp2", "m.avif", "m.webp", "m.npy"])
def test_more_kinds_of_pictures(tmp_path, name):
    grey = (DISC * 255).astype(np.uint8)
    if name == "m.npy":
        np.save(tmp_path / name, grey)
    else:
        image = Image.fromarray(grey)
        options = {"m.jfif": {"format": "JPEG"}, "m.avif": {"max_threads": 1}}
        image.save(tmp_path / name, **options.get(name, {}))
    assert np.abs(still(tmp_path / name).mask - DISC).mean() < 0.01
    (tmp_path / "folder").mkdir()
    for i in range(3):
        (tmp_path / "folder" / f"{i}{name[1:]}").write_bytes((tmp_path / name).read_bytes())
    masks = list(itertools.islice(open_mask(tmp_path / "folder", SIZE).masks(0), 3))
    assert np.abs(masks[2] - DISC).mean() < 0.01


def test_files_are_what_they_hold(tmp_path):
    make.write_image(tmp_path / "m.png", DISC)
    (tmp_path / "m.png").rename(tmp_path / "picture.mp4")
    assert np.array_equal(still(tmp_path / "picture.mp4").mask, DISC)
    mask_video(tmp_path / "v.mp4", 24, 3, 0).rename(tmp_path / "video.png")
    masks = list(itertools.islice(open_mask(tmp_path / "video.png", SIZE).masks(0), 3))
    assert np.abs(masks[0] - DISC).mean() < 0.02


def test_arrays_of_frames(tmp_path):
    np.save(tmp_path / "m.npy", np.stack([np.roll(INSIDE, 2 * i, 1) for i in range(5)]))
    for i, mask in enumerate(itertools.islice(open_mask(tmp_path / "m.npy", SIZE).masks(0), 5)):
        assert np.array_equal(mask, np.roll(DISC, 2 * i, 1))


def letters(runs):
    out = ""
    for i, run in enumerate(runs):
        x, more = run - (runs[i - 2] if i > 2 else 0), True
        while more:
            bits, x = x & 31, x >> 5
            more = x != -1 if bits & 16 else x != 0
            out += chr((bits | (32 if more else 0)) + 48)
    return out


def test_run_lengths_of_coco(tmp_path):
    flat = INSIDE.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    for counts in (runs, letters(runs)):
        (tmp_path / "m.json").write_text(json.dumps({"size": SIZE, "counts": counts}))
        assert np.array_equal(still(tmp_path / "m.json").mask, DISC)
    (tmp_path / "m.json").write_text(json.dumps({"images": [], "annotations": []}))
    with pytest.raises(MaskError, match="is JSON, but no mask of COCO's"):
        still(tmp_path / "m.json")


def test_polygons_of_coco(tmp_path):
    height, width = SIZE
    left = [2, 2, 10, 2, 10, height - 4, 2, height - 4]
    right = [width - 10, 4, width - 4, 4, width - 4, 12, width - 10, 12]
    both = np.zeros(SIZE, np.float32)
    both[2 : height - 4, 2:10] = 1
    both[4:12, width - 10 : width - 4] = 1
    picture = {"id": 7, "height": height, "width": width}
    marks = [{"image_id": 7, "segmentation": [polygon]} for polygon in (left, right)]
    for content in (
        {"segmentation": [left, right], "iscrowd": 0},
        [left, right],
        {"images": [picture], "annotations": marks},
    ):
        (tmp_path / "m.json").write_text(json.dumps(content))
        assert np.array_equal(still(tmp_path / "m.json").mask > 0.5, both > 0.5)
    marks[1]["image_id"] = 8
    (tmp_path / "m.json").write_text(json.dumps({"annotations": marks}))
    with pytest.raises(MaskError, match="annotations of one picture"):
        still(tmp_path / "m.json")
    picture["width"] += 1
    marks[1]["image_id"] = 7
    (tmp_path / "m.json").write_text(json.dumps({"images": [picture], "annotations": marks}))
    with pytest.raises(MaskError, match="scale the mask"):
        still(tmp_path / "m.json")


def test_what_is_no_picture_says_what_it_is(tmp_path):
    np.save(tmp_path / "names.npy", np.array(["a"]))
    np.save(tmp_path / "objects.npy", np.array([object()]), allow_pickle=True)
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\1")
    np.save(tmp_path / "nan.npy", np.where(INSIDE, np.nan, 0))
    for name, words in {
        "names.npy": r"is an array \[1\]",
        "objects.npy": "cannot read the mask image",
        "broken.npy": "cannot read the mask image",
        "nan.npy": "NaN",
    }.items():
        with pytest.raises(SoundiniError, match=words):
            open_mask(tmp_path / name, SIZE)


# ---- what is worth a word


def test_a_mask_nowhere_above_half_warns(tmp_path, clip):
    make.write_image(tmp_path / "m.png", DISC * 0.4)
    _, notes = made(tmp_path / "m.png", clip)
    assert any(
        "holds the values 102; they are taken for shades of grey" in str(note) for note in notes
    )
    assert any("nowhere above half, its highest value is 0.3" in str(note) for note in notes)
    make.write_image(tmp_path / "n.png", DISC * 0.8)
    assert made(tmp_path / "n.png", clip)[1] == []


@pytest.mark.parametrize(
    ("box", "told"), [("1,1,1,1", True), ("10,10,7,30", True), ("10,10,8,8", False)]
)
def test_a_tiny_box_says_so(clip, box, told):
    notes = []
    list(make_masks(MaskRequest(box=box), RegionConfig(), clip, frames_of(), 0, None, notes))
    assert bool(notes) == told
    assert not told or "pixels; numbers are shares of the frame where none is above 1" in str(
        notes[0]
    )
