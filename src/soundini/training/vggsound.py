"""VGG-Sound (Chen et al. 2020, arXiv 2004.14368): its list of clips, and their files."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from soundini.errors import MediaError

Split = Literal["train", "test"]

VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm")
SOUND_SUFFIXES = (".wav", ".flac", ".m4a", ".opus", ".ogg", ".mp3")


@dataclass(frozen=True)
class VggSoundClip:
    """A row of the list.

    Args:
        youtube_id: of the video that the clip is from.
        start: where it starts there, seconds.
        label: its class, in words.
        split: ``train`` or ``test``.
    """

    youtube_id: str
    start: int
    label: str
    split: Split

    @property
    def stem(self) -> str:
        """The name of its files, without a suffix."""
        return f"{self.youtube_id}_{self.start:06d}"


@dataclass(frozen=True)
class ClipFiles:
    """A clip whose files are there.

    Args:
        clip: its row.
        video: where its picture comes from.
        sound: where its sound comes from: a sound file of its own, else the video.
    """

    clip: VggSoundClip
    video: Path
    sound: Path


def read_manifest(path: Path, split: Split = "train") -> list[VggSoundClip]:
    """Read ``vggsound.csv``: YouTube id, start in seconds, label, split; no header.

    Args:
        path: the list.
        split: whose rows are kept.

    Raises:
        MediaError: it cannot be read, a row does not describe a clip, or no row belongs to the split.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            clips = [_clip(path, n, row) for n, row in enumerate(csv.reader(file), 1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(
            "cannot read {file}: {why}; name VGG-Sound's list of clips", file=path, why=reason
        ) from None
    kept = list({c.stem: c for c in clips if c.split == split}.values())
    if not kept:
        raise MediaError(
            "{file} lists no clip of the split {split!r}; check its fourth column",
            file=path,
            split=split,
        )
    return kept


def _clip(path: Path, number: int, row: list[str]) -> VggSoundClip:
    try:
        youtube_id, start, label, split = (cell.strip() for cell in row)
        if split in get_args(Split) and label and Path(youtube_id).name == youtube_id:
            return VggSoundClip(youtube_id, int(start), label, cast(Split, split))
    except ValueError:
        pass
    raise MediaError(
        "{file}, line {number} is no clip: {row!r}; write YouTube id, start in seconds, label, "
        "train or test",
        file=path,
        number=number,
        row=",".join(row)[:80],
    )


def find_files(
    clips: Iterable[VggSoundClip], folder: Path
) -> tuple[list[ClipFiles], list[VggSoundClip]]:
    """Look for the files of clips in a folder and the folders in it.

    Args:
        clips: rows of the list.
        folder: where the downloads lie.

    Returns:
        The clips that are there, in order of their names, and those that are missing.

    Raises:
        MediaError: there is no such folder.
    """
    if not folder.is_dir():
        raise MediaError(
            "there is no folder {folder}; name the one that holds the clips", folder=folder
        )
    by_suffix: dict[str, dict[str, Path]] = {s: {} for s in VIDEO_SUFFIXES + SOUND_SUFFIXES}
    for path in sorted(folder.rglob("*")):
        by_suffix.get(path.suffix.lower(), {})[path.stem] = path
    found, missing = [], []
    for clip in sorted(clips, key=lambda c: c.stem):
        video = _first(clip.stem, VIDEO_SUFFIXES, by_suffix)
        if video is None:
            missing.append(clip)
        else:
            sound = _first(clip.stem, SOUND_SUFFIXES, by_suffix)
            found.append(ClipFiles(clip, video, sound or video))
    return found, missing


def _first(
    stem: str, suffixes: Iterable[str], by_suffix: Mapping[str, Mapping[str, Path]]
) -> Path | None:
    return next((by_suffix[s][stem] for s in suffixes if stem in by_suffix[s]), None)
