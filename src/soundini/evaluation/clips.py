"""The clips that are edited, and where."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from soundini.errors import ConfigError, MediaError, Option
from soundini.masks.shapes import shape_mask
from soundini.masks.sources import open_mask
from soundini.media.video_reader import VideoReader
from soundini.settings_files import read_yaml


class EvaluationClip(BaseModel):
    """A clip and its region: exactly one of a box, an ellipse and a folder of masks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clip: str
    """File name, in the folder of clips."""
    box: str | None = None
    """x,y,w,h, as fractions of the frame."""
    ellipse: str | None = None
    """cx,cy,rx,ry, as fractions of the frame."""
    mask: str | None = None
    """Folder with a mask for each frame, in the folder of clips."""

    @model_validator(mode="after")
    def _one_region(self) -> EvaluationClip:
        if sum(way is not None for way in (self.box, self.ellipse, self.mask)) != 1:
            raise ValueError(f"{self.clip} needs exactly one of box, ellipse and mask")
        return self

    @property
    def name(self) -> str:
        """The clip's name in reports and file names."""
        return Path(self.clip).stem


def load_clips(path: Path) -> list[EvaluationClip]:
    """Read a YAML list of clips.

    Raises:
        ConfigError: it cannot be read, is empty, or an entry is not valid.
    """
    try:
        clips = TypeAdapter(list[EvaluationClip]).validate_python(read_yaml(path))
    except (OSError, ValueError) as error:
        lines = str(error).splitlines()
        reason = (
            f"{lines[0]} {lines[-2].strip()}" if isinstance(error, ValidationError) else lines[0]
        )
        raise ConfigError(
            "cannot read the clips {file}: {why}; name a list with {option}",
            file=path,
            why=reason,
            option=Option("clips"),
        ) from None
    if not clips:
        raise ConfigError("{file} lists no clips; put at least one there", file=path)
    return clips


def read_clip(
    clip: EvaluationClip, folder: Path, frames: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """The first frames of a clip, their masks, and the frame rate.

    Args:
        clip: which.
        folder: where clips and mask folders lie.
        frames: how many.

    Raises:
        MediaError: the clip cannot be read or is too short.
        MaskError: a mask is not there or of another size.

    Shape:
        ``uint8 [frames, H, W, 3]`` and float32 ``[frames, H, W]``.
    """
    with VideoReader(folder / clip.clip) as reader:
        found = [frame.rgb for frame in reader.frames(0, frames)]
        rate = float(reader.info.frame_rate)
    if len(found) < frames:
        raise MediaError(
            "{file} has fewer than {frames} frames; use a longer clip",
            file=folder / clip.clip,
            frames=frames,
        )
    size = (found[0].shape[0], found[0].shape[1])
    return np.stack(found), _masks(clip, folder, size, frames), rate


def _masks(clip: EvaluationClip, folder: Path, size: tuple[int, int], frames: int) -> np.ndarray:
    if clip.mask is not None:
        return np.stack(list(islice(open_mask(folder / clip.mask, size).masks(0), frames)))
    kind = "box" if clip.box is not None else "ellipse"
    still = shape_mask(kind, clip.box or clip.ellipse or "", size)
    return np.repeat(still[None], frames, 0)
