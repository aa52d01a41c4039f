"""Painted masks and shapes of a form, as the masks of an edit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.editing.request import MaskRequest
from soundini.web.forms.forms import EditForm

if TYPE_CHECKING:
    import numpy as np


def mask_request(
    form: EditForm,
    files: Mapping[str, Path],
    folder: Path,
    size: tuple[int, int],
    part: tuple[int, int] | None = None,
) -> MaskRequest:
    """Where to edit.

    Painted masks and shapes of one form are joined: pictures of their union are written to ``folder``.

    Args:
        form: what was drawn.
        files: path by id.
        folder: where pictures may be written.
        size: height and width of the video.
        part: the frames that the edit is of where they are fewer than the form's, first and one past the last: keyframes that
            nothing in it depends on are left out.

    Raises:
        MaskError: a shape lies outside the frame, or a painted mask has another size than the video.
    """
    if form.whole_frame:
        return MaskRequest(whole_frame=True)
    shapes = {"box": form.box, "ellipse": form.ellipse}
    drawn = {name: _text(numbers) for name, numbers in shapes.items() if numbers is not None}
    if not form.masks and len(drawn) == 1:
        return MaskRequest.model_validate(drawn)
    painted = {mask.frame: files[mask.file] for mask in form.masks}
    if part is not None and not form.tracks:
        painted = _held(painted, *part)
    if drawn:
        joined = _joined(painted, drawn, folder, size)
        if not painted:  # drawn on the first frame of the part
            return MaskRequest(paths=(str(joined[0]),))
        painted = joined
    if len(painted) == 1 and not form.tracks:
        return MaskRequest(paths=tuple(map(str, painted.values())))
    if part is not None:
        painted = {frame: path for frame, path in painted.items() if part[0] <= frame < part[1]}
    return MaskRequest(paths=tuple(f"{frame}={painted[frame]}" for frame in sorted(painted)))


def _held(painted: dict[int, Path], first: int, stop: int) -> dict[int, Path]:
    """Keyframes, each of which holds until the next, as seen from a part: what holds at its first frame is put there."""
    before = [frame for frame in painted if frame <= first]
    holds = max(before) if before else min(painted, default=first)
    inside = {frame: path for frame, path in painted.items() if first < frame < stop}
    return {first: painted[holds], **inside} if painted else {}


def _joined(
    painted: dict[int, Path], drawn: Mapping[str, str], folder: Path, size: tuple[int, int]
) -> dict[int, Path]:
    import numpy as np

    from soundini.masks.shapes import shape_mask
    from soundini.masks.sources import read_mask_image

    shapes = np.maximum.reduce([shape_mask(kind, text, size) for kind, text in drawn.items()])  # pyright: ignore[reportArgumentType]
    pictures = {frame: read_mask_image(path, size) for frame, path in painted.items()}
    joined = {}
    for frame, picture in (pictures or {0: shapes}).items():
        joined[frame] = folder / f"mask-{frame}.png"
        _write(joined[frame], np.maximum(picture, shapes))
    return joined


def _write(path: Path, mask: np.ndarray) -> None:
    import numpy as np
    from PIL import Image

    from soundini.media.output import PartialFile

    # A mask's brightness is stretched a little as it is read, so its alpha says how much.
    levels = np.rint(mask * 255).astype(np.uint8)
    picture = np.dstack([np.full((*levels.shape, 3), 255, np.uint8), levels])
    with PartialFile(path) as file:
        Image.fromarray(picture).save(file.partial, format="PNG")
        file.commit()


def _text(numbers: tuple[float, float, float, float]) -> str:
    """Numbers as fractions of the frame: at least one has a decimal point."""
    return ",".join(f"{number:.6f}" for number in numbers)
