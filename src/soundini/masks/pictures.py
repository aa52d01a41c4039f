"""Reads mask pictures from files; the content decides the format, not the name."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame as AvFrame
from PIL import ExifTags, Image, ImageOps, ImageSequence

from soundini.errors import MaskError, MediaError, Message
from soundini.masks.coco import coco_mask
from soundini.masks.shapes import check_size
from soundini.masks.values import Picture
from soundini.media.alpha import alpha_of
from soundini.media.content import something_else
from soundini.media.limits import FRAMES, MAX_PIXELS
from soundini.media.opening import check_readable, reason
from soundini.media.still_image import is_still_image, read_still_image

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "JPEG2000", "AVIF")
"""Formats that Pillow may try: some of its others, such as PostScript, start programs."""
_UNMARKED = {".tga", ".vda", ".icb", ".vst", ".png"}
"""Suffixes of Targa pictures, which begin without a mark; all other formats are tried first."""
_ANIMATED = {"GIF", "WEBP", "AVIF", "PNG", "TIFF"}
_NUMPY = b"\x93NUMPY"
_NEXT_TO_NOTHING = 10
"""Milliseconds."""


def is_picture(path: Path) -> bool:
    """Whether a file is a picture, an array of numbers or a run-length mask, whatever its name is.

    Raises:
        MediaError: it cannot be read at all.
    """
    check_readable(path)
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(_NUMPY) or head.lstrip()[:1] in (b"{", b"["):
        return True
    try:
        with _opened(path):
            return True
    except Exception:  # whoever reads it says what is wrong
        return is_still_image(path)


def frame_count(path: Path) -> int:
    """How many pictures a file holds; 1 if that is unknown."""
    if _head(path).startswith(_NUMPY):
        array = _array(path)
        return len(array) if _has_frames(array) else 1
    try:
        with _opened(path) as image:
            return int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1
    except Exception:  # whoever reads it says what is wrong
        return 1


def has_times(path: Path) -> bool:
    """Whether the pictures of a file have times. Arrays and TIFF only number their pictures."""
    if _head(path).startswith(_NUMPY):
        return False
    with _told(path), _opened(path) as image:
        return image.format != "TIFF"


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of an image, upright, by its header alone.

    Raises:
        MediaError: it is no image.
    """
    check_readable(path)
    with _told(path), _opened(path) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return (image.height, image.width) if turned else (image.width, image.height)


def read_picture(path: Path, frame_size: tuple[int, int]) -> Picture:
    """Read a mask picture.

    Args:
        path: an image, a NumPy array (``.npy``) or a COCO mask (JSON).
        frame_size: height and width of the video.

    Raises:
        MaskError: it is of another size than the video.
        MediaError: it cannot be read.
    """
    check_readable(path)
    head = _head(path)
    if head.startswith(_NUMPY):
        return _of_array(path, _array(path), frame_size)
    if head.lstrip()[:1] in (b"{", b"["):
        return Picture(coco_mask(path, frame_size), "grey")
    if (still := _still_frame(path)) is not None:
        check_size(path, (still.height, still.width), frame_size)
        return of_rgb(still.to_ndarray(format="rgb24"), alpha_of(still))
    with _told(path), _opened(path) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            check_size(path, (opened.height, opened.width), frame_size)
        image = ImageOps.exif_transpose(opened)
        check_size(path, (image.height, image.width), frame_size)
        return _of_image(image)


def read_pictures(path: Path, frame_size: tuple[int, int]) -> Iterator[tuple[Fraction, Picture]]:
    """Read a file of several pictures, each with its time in seconds.

    The pictures of an array or a document have no times, and count as a second each.

    Raises:
        MaskError: it is of another size than the video.
        MediaError: it cannot be read.
    """
    check_readable(path)
    if _head(path).startswith(_NUMPY):
        for number, values in enumerate(_array(path)):
            yield Fraction(number), _of_array(path, values, frame_size)
        return
    time = Fraction(0)
    with _told(path), _opened(path) as opened:
        check_size(path, (opened.height, opened.width), frame_size)
        for number, image in enumerate(ImageSequence.Iterator(opened)):
            if number >= FRAMES.value:
                what = Message("has a frame number {frame}", {"frame": number})
                raise FRAMES.exceeded(path, what)
            yield time, _of_image(image)
            time += Fraction(_shown(image)) / 1000


def _shown(image: Image.Image) -> float:
    """Milliseconds for which a picture of an animation is shown; 100 if the file states next to nothing."""
    said = float(image.info.get("duration", 0))
    return said if said > _NEXT_TO_NOTHING else 100.0


def _still_frame(path: Path) -> AvFrame | None:
    """A picture of a kind that FFmpeg knows and Pillow does not; None for other files."""
    try:
        with _opened(path):
            return None
    except Exception:
        try:
            return read_still_image(path) if is_still_image(path) else None
        except MediaError:
            return None


def _has_frames(array: np.ndarray) -> bool:
    """Whether an array holds a picture for each frame: ``[T, H, W]``, or ``[T, H, W, C]``."""
    return array.ndim == 4 or (array.ndim == 3 and array.shape[-1] > 4)


def _opened(path: Path) -> Image.Image:
    Image.init()
    known = [name for name in _FORMATS if name in Image.OPEN]  # an old Pillow knows no AVIF
    try:
        return Image.open(path, formats=known)
    except Image.UnidentifiedImageError:
        if path.suffix.lower() not in _UNMARKED:
            raise
        return Image.open(path, formats=("TGA",))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (MaskError, MediaError, MemoryError):
        raise
    except Image.UnidentifiedImageError:
        raise _unreadable(path, Message("it is no picture")) from None
    except Exception as error:  # a damaged picture makes the decoder fail with any kind of error
        raise _unreadable(path, reason(error)) from None


def _unreadable(path: Path, why: str | Message) -> MediaError:
    return something_else(path) or MediaError(
        "cannot read the mask image {file}: {why}; save it again as PNG", file=path, why=why
    )


def _head(path: Path) -> bytes:
    check_readable(path)
    with path.open("rb") as file:
        return file.read(512)


def _of_image(image: Image.Image) -> Picture:
    alpha = None
    if "A" in image.getbands() or "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    if image.mode in ("P", "PA"):
        indices = np.asarray(image.convert("P") if image.mode == "PA" else image)
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        used = palette[np.unique(indices[indices < len(palette)])]
        if not (used == used[:, :1]).all():
            return Picture(indices, "index", alpha)
        return Picture(np.asarray(image.convert("L")), "grey", alpha)
    if image.mode.startswith("I"):
        return Picture(np.asarray(image).astype(np.int64), "integer", alpha)
    if image.mode == "F":
        return Picture(np.asarray(image, np.float32), "float", alpha)
    if image.mode in ("1", "L", "LA", "La"):
        return Picture(np.asarray(image.convert("L")), "grey", alpha)
    return of_rgb(np.asarray(image.convert("RGB")), alpha)


def of_rgb(rgb: np.ndarray, alpha: np.ndarray | None = None) -> Picture:
    """A picture from red, green and blue; grey if all channels are equal."""
    if (rgb[..., :1] == rgb[..., 1:]).all():
        return Picture(rgb[..., 0], "grey", alpha)
    return Picture(rgb, "colour", alpha)


def _array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, reason(error)) from None
    if array.ndim not in (2, 3, 4) or array.dtype.kind not in "biuf" or array.size == 0:
        raise MaskError(
            "the mask {file} is an array {shape} of {kind}; save one of [height, width] or [frames, "
            "height, width] of numbers",
            file=path,
            shape=list(array.shape),
            kind=array.dtype,
        )
    return array


def _of_array(path: Path, values: np.ndarray, frame_size: tuple[int, int]) -> Picture:
    if values.ndim == 3 and values.shape[0] == 1 and values.shape[-1] > 4:
        values = values[0]
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    check_size(path, (values.shape[0], values.shape[1]), frame_size)
    if values.ndim == 3:
        alpha = np.array(values[..., 3]) if values.shape[-1] == 4 else None
        return of_rgb(np.array(values[..., :3], np.uint8), alpha)
    if values.dtype.kind == "b":
        return Picture(np.array(values, np.uint8) * 255, "grey")
    if values.dtype == np.uint8:
        return Picture(np.array(values), "grey")
    if values.dtype.kind == "f":
        return Picture(np.array(values, np.float32), "float")
    return Picture(np.array(values).astype(np.int64), "integer")


def mask_png(mask: np.ndarray) -> bytes:
    """Encode a mask as a PNG that reads back as the same mask, to 1/255.

    Shape:
        ``mask``: float ``[H, W]`` in [0, 1].
    """
    # Reading stretches a mask's brightness a little, so the level is stored as alpha.
    levels = np.rint(mask * 255).astype(np.uint8)
    picture = np.dstack([np.full((*levels.shape, 3), 255, np.uint8), levels])
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()
