"""Reading any checkpoint as named tensors, never running code from it, and comparing them with the layout they should have."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from soundini.errors import ModelError
from soundini.state_files import named_tensors, read_stored
from soundini.weights.torchscript import is_torchscript, read_torchscript

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
NOTE = "soundini"
"""Key of the note that soundini leaves in the header of a safetensors file."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_VIPANT_AUDIO = 1
"""VIP-ANT keeps a tuple of state dicts: of pictures, sounds, words and losses."""
Shape = tuple[int, ...]
Layout = Mapping[str, Shape]
_NAMED = 4


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint onto the CPU; large files are mapped rather than copied.

    What :func:`soundini.state_files.read_stored` reads, or a TorchScript archive, see
    :mod:`soundini.weights.torchscript`. A dict under ``state_dict`` or ``model`` is found, and in VIP-ANT's file that of the
    audio tower.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, or holds anything but named tensors.
    """
    if path.suffix != ".safetensors" and path.is_file() and is_torchscript(path):
        return read_torchscript(path)
    stored = read_stored(path)
    for name in _WRAPPERS:
        if not isinstance(stored, dict):
            break
        inner = stored.get(name)
        if isinstance(inner, tuple) and len(inner) > _VIPANT_AUDIO:
            inner = inner[_VIPANT_AUDIO]
        if isinstance(inner, dict):
            stored = inner
    return named_tensors(stored, path)


def read_note(path: Path) -> str:
    """Read what soundini noted in a safetensors file, such as that its weights are random; else "".

    Raises:
        ModelError: the file is damaged.
    """
    if path.suffix != ".safetensors":
        return ""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get(NOTE, "")
    except (SafetensorError, OSError) as error:
        raise ModelError("{file} cannot be read as weights: fetch it again", file=path) from error


def layout_of(state: Mapping[str, Tensor]) -> dict[str, Shape]:
    """List the key and shape of every tensor."""
    return {key: tuple(value.shape) for key, value in state.items()}


def check_layout(state: Mapping[str, Tensor], expected: Layout, what: str) -> None:
    """Check that a state dict holds exactly the expected tensors.

    Args:
        state: the checkpoint.
        expected: the key and shape of every tensor it should hold.
        what: name of the layout, for the message.

    Raises:
        ModelError: keys are missing, unknown, or of another shape; the first few are named.
    """
    found = layout_of(state)
    problems = [
        _named("missing", sorted(expected.keys() - found.keys())),
        _named("unknown", sorted(found.keys() - expected.keys())),
        _named(
            "of another shape",
            [
                f"{key} {found[key]} instead of {tuple(shape)}"
                for key, shape in expected.items()
                if key in found and found[key] != tuple(shape)
            ],
        ),
    ]
    problems = [p for p in problems if p]
    if problems:
        raise ModelError(
            "these are not the weights of {what}: {names}; check which file it is",
            what=what,
            names="; ".join(problems),
        )


def strip_prefix(state: Mapping[str, Tensor], prefix: str = "module.") -> dict[str, Tensor]:
    """Drop ``prefix`` where all keys carry it, as in a saved ``DataParallel``."""
    if state and all(key.startswith(prefix) for key in state):
        return {key.removeprefix(prefix): value for key, value in state.items()}
    return dict(state)


def _named(problem: str, names: Iterable[str]) -> str:
    names = list(names)
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {problem} ({', '.join(names[:_NAMED])}{more})"
