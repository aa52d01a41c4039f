"""From a published checkpoint to the files soundini loads, once."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from soundini.errors import ModelError
from soundini.weights.formats import FORMATS, Format, find_format, recognise
from soundini.weights.reading import NOTE, SUFFIXES, read_checkpoint, read_note
from soundini.weights.store import models_folder, sha256
from soundini.weights.writing import write_random, write_safetensors, write_text

SOURCE_SUFFIX = ".source.json"


@dataclass(frozen=True)
class Imported:
    """A converted checkpoint.

    Args:
        format: name of its format.
        weights: the safetensors file.
        source: the file it was made from.
        source_sha256: of that file.
        tensors: how many tensors it holds.
        parameters: how many numbers they hold.
        note: what the source says of itself, such as "random weights, seed 0"; mostly empty.
    """

    format: str
    weights: Path
    source: Path
    source_sha256: str
    tensors: int
    parameters: int
    note: str = ""


def import_checkpoint(
    path: Path, home: Path | None = None, formats: tuple[Format, ...] = FORMATS
) -> Imported:
    """Recognise a checkpoint, check every key and shape, and convert it to safetensors.

    Nothing in the file is run. The weights appear last and whole: an interrupted import leaves
    nothing that looks ready. Importing again replaces what is there.

    Args:
        path: the published file, or one of its tensors in safetensors.
        home: see :func:`soundini.weights.store.home_folder`.
        formats: what it may be.

    Raises:
        ModelError: the file cannot be read, is none of the formats, or lacks something.
    """
    state = read_checkpoint(path)
    try:
        kind = recognise(state, formats)
        converted = kind.convert(state)
    except ModelError as error:
        raise ModelError("{file}: {why}", file=path, why=error) from None
    target = models_folder(home) / kind.weights
    try:
        for name, text in kind.texts.items():
            write_text(target.parent / name, text)
        entries = {k: (tuple(v.shape), v.dtype) for k, v in converted.items()}
        origin = read_note(path)
        write_safetensors(target, entries, converted.items(), {NOTE: origin})
        result = Imported(
            kind.name,
            target,
            path,
            sha256(path),
            len(converted),
            sum(v.numel() for v in converted.values()),
            origin,
        )
        note = asdict(result) | {"weights": target.name, "source": path.name}
        note["sha256"] = sha256(target)
        write_text(target.with_suffix(SOURCE_SUFFIX), json.dumps(note, indent=2) + "\n")
    except OSError as error:
        raise ModelError(
            "cannot write {target}: {why}; free space there", target=target, why=error.strerror
        ) from error
    return result


def import_folder(
    folder: Path, home: Path | None = None, formats: tuple[Format, ...] = FORMATS
) -> Iterator[Imported]:
    """Import every checkpoint that lies in a folder.

    Args:
        folder: where the published files were put; subfolders are left alone.
        home: see :func:`soundini.weights.store.home_folder`.
        formats: what they may be.

    Yields:
        Each checkpoint as soon as it is done.

    Raises:
        ModelError: there is no checkpoint, or one of them is refused.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES and p.is_file())
    if not paths:
        raise ModelError(
            "there is no checkpoint in {folder}; put files there that end in {names}",
            folder=folder,
            names=", ".join(SUFFIXES),
        )
    for path in paths:
        yield import_checkpoint(path, home, formats)


def make_random(layout: str, path: Path, seed: int = 0) -> Path:
    """Write random weights of a published checkpoint's keys and sizes, ready to be imported.

    Args:
        layout: name of a format, such as ``guided_256_uncond``.
        path: the ``.safetensors`` file to write.
        seed: names the weights.

    Raises:
        ModelError: there is no such layout, or the file cannot be written.
    """
    if path.suffix != ".safetensors":
        raise ModelError(
            "random weights are written as safetensors; name {file} accordingly", file=path
        )
    try:
        return write_random(path, find_format(layout).layout(), seed)
    except OSError as error:
        raise ModelError(
            "cannot write {file}: {why}; choose another place", file=path, why=error.strerror
        ) from error
