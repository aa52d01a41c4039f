"""Writes the manifests of a data folder from its folders, and checks them against its files."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from soundini.errors import MediaError, SoundiniError
from soundini.media.output import write_whole
from soundini.media.sound import load_sound
from soundini.training.classes import IMAGE_CLASS, MIXED_LABELS, SOUND_CLASS
from soundini.training.split import IMAGE_SHARES, SOUND_SHARES, Side, sides

KINDS = ("images", "sounds")
COLUMNS = ("path", "label", "group", "source", "licence")
SUFFIXES = {
    "images": (".jpg", ".jpeg", ".png", ".webp", ".bmp"),
    "sounds": (".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a"),
}
KNOWN_LABELS = {"images": {*IMAGE_CLASS, *MIXED_LABELS}, "sounds": set(SOUND_CLASS)}
_SHARES: dict[str, Mapping[Side, float]] = {"images": IMAGE_SHARES, "sounds": SOUND_SHARES}


@dataclass
class ManifestReport:
    """The contents of a manifest.

    Args:
        kind: "images" or "sounds".
        counts: files by label and side.
        unknown: labels that belong to no class, with their counts; their files are left out.
        damaged: what cannot be read, one line each.
    """

    kind: str
    counts: Counter[tuple[str, Side]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    damaged: list[str] = field(default_factory=list)


def index_folder(folder: Path) -> Iterator[tuple[Path, int]]:
    """Write ``images.csv`` and ``sounds.csv`` for files that lie in ``images/LABEL/`` and ``sounds/LABEL/``.

    A folder inside a label's folder is a group: its files (the frames of a film, the takes of a recording) stay on one side
    of the split. Other columns of an existing manifest are kept.

    Yields:
        Each manifest written, and how many files it lists.

    Raises:
        MediaError: there are no such files, or a manifest cannot be written.
    """
    found = {kind: list(_rows(folder, kind)) for kind in KINDS}
    if not any(found.values()):
        raise MediaError(
            "{folder} has no pictures in images/LABEL/ and no sounds in sounds/LABEL/; sort files "
            "so, and try again",
            folder=folder,
        )
    for kind, rows in found.items():
        if not rows:
            continue
        path = folder / f"{kind}.csv"
        known = {row["path"]: row for row in read_manifest(path)} if path.exists() else {}
        columns = list(dict.fromkeys([*COLUMNS, *(k for row in known.values() for k in row)]))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(known.get(row["path"], {}) | row)
        write_whole(path, text.getvalue())
        yield path, len(rows)


def read_manifest(path: Path) -> list[dict[str, str]]:
    """The rows of a manifest.

    Raises:
        MediaError: it cannot be read, or lacks the columns ``path`` and ``label``.
    """
    try:
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            missing = {"path", "label"} - set(reader.fieldnames or ())
            rows = [] if missing else list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(
            "cannot read {file}: {why}; soundini data index makes a manifest from folders",
            file=path,
            why=reason,
        ) from None
    if missing:
        raise MediaError(
            "{file} has no column {names}; add it", file=path, names=" or ".join(sorted(missing))
        )
    return rows


def check_manifest(folder: Path, kind: str) -> ManifestReport:
    """Read every file of a manifest, and count them by label and side.

    Raises:
        MediaError: there is no such manifest.
    """
    rows = read_manifest(folder / f"{kind}.csv")
    report = ManifestReport(kind)
    for row, side in zip(rows, sides(rows, _SHARES[kind]), strict=True):
        try:
            _read(folder / row["path"], kind)
        except (OSError, SoundiniError, Image.DecompressionBombError) as error:
            report.damaged.append(f"{row['path']}: {str(error).splitlines()[0]}")
            continue
        if row["label"] in KNOWN_LABELS[kind]:
            report.counts[row["label"], side] += 1
        else:
            report.unknown[row["label"]] += 1
    return report


def _rows(folder: Path, kind: str) -> Iterator[dict[str, str]]:
    top = folder / kind
    for path in sorted(top.rglob("*")):
        inside = path.relative_to(top).parts
        if len(inside) < 2 or path.suffix.lower() not in SUFFIXES[kind] or not path.is_file():
            continue
        row = {"path": path.relative_to(folder).as_posix(), "label": inside[0]}
        yield row | ({"group": "/".join((kind, *inside[:-1]))} if len(inside) > 2 else {})


def _read(path: Path, kind: str) -> None:
    if kind == "sounds":
        load_sound(path)
        return
    with Image.open(path) as image:
        image.load()
