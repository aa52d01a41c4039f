"""Importing diffusers' ``UNet2DModel`` without the rest of diffusers."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusers import UNet2DModel

_UNET = "diffusers.models.unets.unet_2d"
_PACKAGES = ("diffusers.models.transformers", "diffusers.models.unets")
"""Their ``__init__`` import every network that diffusers has, and scipy and torchvision with them."""
_OPTIONAL = "torch._dynamo"
"""Only for ``torch.compile``, where it is imported anyway; diffusers goes without it where it is missing."""
_one_at_a_time = threading.Lock()


def unet_class() -> type[UNet2DModel]:
    """The class ``diffusers.UNet2DModel``, imported in one second of processor time instead of six.

    It is the same class that ``from diffusers import UNet2DModel`` gives, before and after. Where diffusers' files
    lie otherwise than expected, that import is done.
    """
    with _one_at_a_time:
        if _UNET not in sys.modules:
            with suppress(ImportError):
                _import_unet()
    from diffusers import UNet2DModel

    return UNet2DModel


def _import_unet() -> None:
    with _hidden(_OPTIONAL):
        models = importlib.import_module("diffusers.models")
        with _empty_packages(Path(models.__path__[0])):
            importlib.import_module(_UNET)


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """A module that is not imported yet cannot be, inside the block."""
    hidden = name not in sys.modules
    if hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            sys.modules.pop(name, None)


@contextmanager
def _empty_packages(models: Path) -> Iterator[None]:
    """Modules can be imported from diffusers' packages without what the packages import themselves."""
    absent = [name for name in _PACKAGES if name not in sys.modules]
    for name in absent:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(models / name.rpartition(".")[2])]
        sys.modules[name] = module_from_spec(spec)
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
