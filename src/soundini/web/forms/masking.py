"""What a form names of a video: its painted masks and shapes as the masks of an edit, and the part to edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.editing.request import MaskRequest
from soundini.errors import ConfigError
from soundini.web.form import EditForm
from soundini.web.views import VideoFacts

if TYPE_CHECKING:
    import numpy as np

    from soundini.masks.shapes import ShapeKind

_SECONDS = "s"


def mask_request(
    form: EditForm,
    files: Mapping[str, Path],
    folder: Path,
    size: tuple[int, int],
    part: tuple[int, int] | None = None,
) -> MaskRequest:
    """Build the mask of a form's edit.

    If a form has both painted masks and shapes, pictures of their union are written to ``folder``.

    Args:
        form: what was drawn.
        files: path by id.
        folder: where pictures may be written.
        size: height and width of the video.
        part: first frame and one past the last of a preview, or None. Keyframes that do not matter for these frames are
            left out.

    Raises:
        MaskError: a shape lies outside the frame, or a painted mask has another size than the video.
    """
    if form.whole_frame:
        return MaskRequest(whole_frame=True)
    drawn = drawn_shapes(form)
    if not form.masks and len(drawn) == 1:
        return MaskRequest.model_validate(drawn)
    painted = {mask.frame: files[mask.file] for mask in form.masks}
    if part is not None and not form.tracks:
        painted = _held(painted, *part)
    if drawn:
        from soundini.masks.pictures import mask_png
        from soundini.media.output import write_whole

        joined = {}
        for frame, mask in with_shapes(painted, drawn, size):
            joined[frame] = folder / f"mask-{frame}.png"
            write_whole(joined[frame], mask_png(mask))
        if not painted:  # drawn on the first frame of the part
            return MaskRequest(paths=tuple(map(str, joined.values())))
        painted = joined
    if len(painted) == 1 and not form.tracks:
        return MaskRequest(paths=tuple(map(str, painted.values())))
    if part is not None:
        painted = {frame: path for frame, path in painted.items() if part[0] <= frame < part[1]}
    return MaskRequest(paths=tuple(f"{frame}={painted[frame]}" for frame in sorted(painted)))


def _held(painted: dict[int, Path], first: int, stop: int) -> dict[int, Path]:
    """The keyframes of a part, where each holds until the next: the one that holds at the part's first frame is moved there."""
    before = [frame for frame in painted if frame <= first]
    holds = max(before) if before else min(painted, default=first)
    inside = {frame: path for frame, path in painted.items() if first < frame < stop}
    return {first: painted[holds], **inside} if painted else {}


def drawn_shapes(form: EditForm) -> dict[ShapeKind, str]:
    """The shapes of a form, in the notation of ``soundini edit``."""
    shapes: dict[ShapeKind, tuple[float, ...] | None] = {"box": form.box, "ellipse": form.ellipse}
    return {name: _text(numbers) for name, numbers in shapes.items() if numbers is not None}


def with_shapes(
    painted: Mapping[int, Path],
    drawn: Mapping[ShapeKind, str],
    size: tuple[int, int],
) -> Iterator[tuple[int, np.ndarray]]:
    """Painted masks, and shapes drawn on each of them; on frame 0 where nothing is painted.

    Args:
        painted: pictures by frame.
        drawn: at least one shape.
        size: height and width of the video.

    Yields:
        A frame, and its mask, float32 ``[H, W]`` in [0, 1].
    """
    import numpy as np

    from soundini.masks.shapes import shape_mask
    from soundini.masks.sources import read_mask_image

    shapes = np.maximum.reduce([shape_mask(kind, text, size) for kind, text in drawn.items()])
    if not painted:
        yield 0, shapes
    for frame, path in painted.items():
        yield frame, np.maximum(read_mask_image(path, size), shapes)


def _text(numbers: Sequence[float]) -> str:
    """Shares of the frame as text: with a decimal point, and precise to far less than a pixel."""
    return ",".join(f"{number:.12f}" for number in numbers)


def part_seconds(form: EditForm, facts: VideoFacts) -> float:
    """Approximate length of the part, in seconds: exact enough to draw with.

    Raises:
        ConfigError: it is empty.
    """
    refuse_empty_part(form, facts)
    end = _moment(form.end, facts, facts.seconds)
    return max(1 / facts.frame_rate, end - part_begin(form, facts))


def part_begin(form: EditForm, facts: VideoFacts) -> float:
    """Approximate begin of the part, in seconds from the beginning of the video."""
    return _moment(form.start, facts, 0.0)


def _moment(bound: str | None, facts: VideoFacts, default: float) -> float:
    if bound is None:
        return default
    if bound.endswith(_SECONDS):
        return min(float(_number(bound)), facts.seconds)
    return min(int(bound) / facts.frame_rate, facts.seconds)


def refuse_empty_part(form: EditForm, facts: VideoFacts) -> None:
    """Refuse a part that ends before it begins or begins after the video ends.

    A frame and a time can be compared only by reading the video, which is done later.

    Raises:
        ConfigError: it is empty.
    """
    start, end = form.start or "0", form.end
    whole = facts.seconds if start.endswith(_SECONDS) else facts.frames
    if _number(start) >= whole:
        raise ConfigError(
            "the video has no frame at {start}; let the part begin earlier", start=start
        )
    alike = end is not None and end.endswith(_SECONDS) == start.endswith(_SECONDS)
    if end is not None and _number(end) <= (_number(start) if alike else 0):
        raise ConfigError(
            "the part from {start} to {end} is empty; let it end later", start=start, end=end
        )


def _number(bound: str) -> Fraction:
    return Fraction(bound.removesuffix(_SECONDS))
