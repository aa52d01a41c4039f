"""Choosing a perceptual distance by name."""

from pathlib import Path

from soundini.errors import ConfigError, ModelError
from soundini.perceptual.imagenet import ImageNetDistance
from soundini.perceptual.lpips import LPIPS
from soundini.perceptual.protocol import PerceptualDistance

_TOGETHER = "lpips_vgg16.safetensors"
_TRUNKS = ("vgg16.safetensors", "vgg16-397923af.pth")
_LINS = ("lpips_vgg_lins.safetensors", "vgg.pth")
_NAMES = ("auto", "lpips", "imagenet", "none")


def load_perceptual(name: str = "auto", folder: Path | None = None) -> PerceptualDistance | None:
    """Load a perceptual distance.

    LPIPS is looked for in ``folder`` as ``lpips_vgg16.safetensors`` (trunk and lins together), or
    as a trunk (``vgg16.safetensors``, or torchvision's ``vgg16-397923af.pth``) beside lins
    (``lpips_vgg_lins.safetensors``, or the authors' ``vgg.pth``).

    Args:
        name: ``"lpips"``; ``"imagenet"``, the stand-in that needs no download; ``"auto"``, LPIPS
            if the folder holds it and else the stand-in; or ``"none"``.
        folder: Where LPIPS weights lie. None: nowhere.

    Returns:
        The distance on the CPU (it follows the device of its images); None for ``"none"``.

    Raises:
        ConfigError: The name is unknown.
        ModelError: ``"lpips"`` was asked for and the folder does not hold it, or a weight file is
            not what its name says.
    """
    if name not in _NAMES:
        raise ConfigError(
            "There is no perceptual distance {name!r}: choose one of {names}.",
            name=name,
            names=", ".join(_NAMES),
        )
    if name == "none":
        return None
    if name == "imagenet":
        return ImageNetDistance()
    files = _find_lpips(folder)
    if files is not None:
        return LPIPS.from_files(*files)
    if name == "auto":
        return ImageNetDistance()
    raise ModelError(
        "There are no LPIPS weights in {folder}: put {trunk} (torchvision) and {lins} (LPIPS "
        "v0.1) there, or choose the perceptual distance 'imagenet'.",
        folder=folder or "any folder",
        trunk=_TRUNKS[1],
        lins=_LINS[1],
    )


def _find_lpips(folder: Path | None) -> tuple[Path, Path] | None:
    if folder is None:
        return None
    if (folder / _TOGETHER).is_file():
        return folder / _TOGETHER, folder / _TOGETHER
    trunk = next((folder / name for name in _TRUNKS if (folder / name).is_file()), None)
    lins = next((folder / name for name in _LINS if (folder / name).is_file()), None)
    return (trunk, lins) if trunk is not None and lins is not None else None
