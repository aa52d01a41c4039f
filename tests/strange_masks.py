"""Masks as other tools leave them, on the factory's media, and how they are read."""

import itertools

import numpy as np
from PIL import Image

import media_factory as make
from soundini.config.recipe import RegionConfig
from soundini.editing.masking import make_masks
from soundini.editing.request import MaskRequest
from soundini.masks.sources import StillMask, open_mask

SIZE = (64, 96)
DISC = make.disc_mask(SIZE)
INSIDE = DISC > 0
LEFT = INSIDE & (np.arange(96) < 48)
SOFT = make.disc_mask(SIZE, 20) * np.linspace(0, 1, 96, dtype=np.float32)
SOFT /= SOFT.max()
PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]


def still(path, label=0):
    """The mask of a picture."""
    source = open_mask(path, SIZE, label=label)
    assert isinstance(source, StillMask)
    return source


def save(path, values, mode=None, palette=None):
    """Write values as a picture, in a mode of Pillow's."""
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


def frames_of(count=12):
    """Frames that move as the masks of a folder do."""
    return iter(make.moving_frames(count, motion=(0, 2)))


def write_numbered(folder, numbers, name="{:05d}.png"):
    """A folder of masks, each moved as far as its number says."""
    folder.mkdir()
    for n in numbers:
        make.write_image(folder / name.format(n), np.roll(DISC, 2 * n, 1))
    return folder


def made(folder, clip, first=0, stop=None, track=False, **region):
    """The masks of a video's frames, and what was noted of them."""
    notes = []
    request = MaskRequest(paths=(str(folder),))
    config = RegionConfig(track=track, feather=0, **region)
    count = (12 if stop is None else stop) - first
    frames = itertools.islice(frames_of(), first, first + count)
    return list(make_masks(request, config, clip, frames, first, stop, notes)), notes


def mask_video(path, fps, count, shift_per_second):
    """A video of a disc that moves."""
    frames = []
    for i in range(count):
        moved = np.roll(DISC, round(shift_per_second * i / fps), 1)
        frames.append(np.repeat(moved[..., None], 3, 2).astype(np.uint8) * 255)
    return make.write_video(path, frames, fps=fps)
