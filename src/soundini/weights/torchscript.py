"""Reading the tensors of a TorchScript archive without running it.

OpenAI publishes CLIP as TorchScript: a zip of code, raw tensors, and a pickle that says which
tensor is which. ``torch.jit.load`` compiles and may run the code. Here the code is left alone: the
pickle is read by an unpickler that knows tensors, containers and inert objects, and refuses every
other name.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from soundini.errors import ModelError

_DTYPES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}
_MAX_DEPTH = 64


def is_torchscript(path: Path) -> bool:
    """Tell whether a file is a TorchScript archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False  # no archive, or a damaged one: whoever reads it says so


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Read every tensor attribute of an archive's module, by its dotted name, onto the CPU.

    Parameters, buffers and plain tensor attributes look alike in the archive; all are returned.

    Args:
        path: the archive.

    Raises:
        ModelError: it is damaged, or its pickle asks for anything but tensors and containers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith("/data.pkl")]
            if len(names) != 1:
                raise pickle.UnpicklingError("it has no data.pkl")
            root = names[0].removesuffix("data.pkl")
            module = _Unpickler(archive, root).load()
            state: dict[str, Tensor] = {}
            _collect(module, "", state, 0)
            return state
    except ModelError:
        raise
    except Exception as error:  # a hostile pickle fails in the unpickler, in any way it can
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            "{file} was not read ({why}), and none of its code was run: get the file from its "
            "official address",
            file=path,
            why=reason,
        ) from error


class _Module:
    """An object of the archive: its attributes, and no behaviour."""

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("an object's state is not a dictionary")
        self.attributes = state


class _Unpickler(pickle.Unpickler):
    """Builds tensors, containers and :class:`_Module`, and nothing else."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self._archive = archive
        self._root = root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name == "__torch__" or module_name.startswith("__torch__."):
            # a class of its own for every name: nothing the pickle does to it outlives this reading
            return type("_Module", (_Module,), {})
        if module_name == "torch" and global_name in _DTYPES:
            return global_name
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _harmless(_rebuild)
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module_name == "torch.jit._pickle":
            return _harmless(lambda value, *_: value)
        raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")

    def persistent_load(self, pid: Any, /) -> Tensor:
        _, kind, key, _, count = pid
        if key not in self._storages:
            info = self._archive.getinfo(f"{self._root}data/{int(key)}")
            dtype = _DTYPES[kind]
            # stored, not deflated, as torch does: a small file cannot swell
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != count * dtype.itemsize:
                raise pickle.UnpicklingError(f"tensor data {key} has the wrong size")
            data = bytearray(self._archive.read(info))
            self._storages[key] = torch.frombuffer(data, dtype=dtype) if count else torch.empty(0)
        return self._storages[key]


def _harmless(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function, so that a pickle that sets attributes on it changes only the wrapper."""
    return lambda *arguments: function(*arguments)


def _rebuild(
    storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> Tensor:
    reach = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    if min((offset, *size, *stride)) < 0 or (0 not in size and reach > len(storage)):
        raise pickle.UnpicklingError("a tensor reaches beyond its data")
    return storage.as_strided(size, stride, offset)


def _collect(module: Any, prefix: str, state: dict[str, Tensor], depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise pickle.UnpicklingError("its modules are nested without end")
    for name, value in getattr(module, "attributes", {}).items():
        if isinstance(value, Tensor):
            state[f"{prefix}{name}"] = value
        elif isinstance(value, _Module):
            _collect(value, f"{prefix}{name}.", state, depth + 1)
