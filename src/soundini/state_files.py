"""Reading weight files safely."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from soundini.errors import ModelError

# Checkpoints also hold objects of their training: the state of a callback of PyTorch Lightning, settings of OmegaConf. Empty
# classes of the same names stand for them, so that nothing of those packages is imported, let alone run.
_NAMES = (
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "typing.Any",
    "collections.defaultdict",
    *(
        f"builtins.{kind}"
        for kind in ("bool", "bytes", "dict", "float", "int", "list", "str", "tuple")
    ),
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    *(
        f"omegaconf.nodes.{kind}Node"
        for kind in ("Any", "Boolean", "Bytes", "Enum", "Float", "Integer", "Path", "String")
    ),
)


class _Inert:
    """Takes whatever it is made of, and does nothing with it."""

    def __init__(self, *_: object) -> None:
        pass

    def __setitem__(self, *_: object) -> None:
        pass


def _stand_ins() -> list[tuple[type, str]]:
    return [
        (type(name.rpartition(".")[2], (_Inert,), {"__module__": name.rpartition(".")[0]}), name)
        for name in _NAMES
    ]


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict onto the CPU, never running code from the file.

    Args:
        path: ``.safetensors``, or a state dict written by ``torch.save``.

    Raises:
        ModelError: The file is missing, unreadable, or holds anything but named tensors.
    """
    return named_tensors(read_stored(path), path)


def read_stored(path: Path) -> Any:
    """Read what a weight file holds, whatever it is; large files are mapped rather than copied.

    Args:
        path: ``.safetensors``, or anything of tensors and plain containers written by
            ``torch.save`` (read with ``weights_only=True``).

    Raises:
        ModelError: The file is missing or damaged, or carries code; none of it was run.
    """
    if not path.is_file():
        raise ModelError(
            "there is no weight file {file}; check the path or fetch the weights", file=path
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        mapped = zipfile.is_zipfile(path)  # a legacy file cannot be mapped
        with torch.serialization.safe_globals(_stand_ins()):  # pyright: ignore
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        # torch's own message would advise loading the file unsafely
        raise ModelError(
            "{file} is no plain weight file: it is damaged, or carries code (none was run); get it "
            "from its official address",
            file=path,
        ) from error
    except Exception as error:  # a damaged file fails in the parser, in any way a parser can
        raise ModelError("{file} cannot be read as weights: fetch it again", file=path) from error


def named_tensors(stored: Any, path: Path) -> dict[str, Tensor]:
    """Check that what a file holds is a state dict.

    Args:
        stored: what was read.
        path: the file, for the message.

    Raises:
        ModelError: It holds anything but named tensors.
    """
    if not isinstance(stored, dict) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise ModelError("{file} is not a state dict of tensors; save only the weights", file=path)
    return {str(key): value for key, value in stored.items()}
