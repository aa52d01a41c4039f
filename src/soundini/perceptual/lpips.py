"""LPIPS v0.1 with the VGG16 trunk."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.perceptual.taps import TapDistance
from soundini.state_files import read_state

# Index of the last layer of each slice of torchvision's vgg16().features: relu1_2 .. relu5_3.
_TAPS = (3, 8, 15, 22, 29)
_CHANNELS = (64, 128, 256, 512, 512)
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_MIN_SIDE = 16


class LPIPS(TapDistance):
    """Learned perceptual image patch similarity, version 0.1, VGG16 (Zhang et al., CVPR 2018).

    Equal to the authors' ``lpips`` package given the same weights. The five taps see 5, 14, 40, 92
    and 196 pixels across: that is how far what lies outside ``weight`` can still act. Images of
    less than 16 px a side are refused.

    Args:
        trunk: torchvision's VGG16 weights: ``features.{i}.weight`` and ``.bias``; the classifier
            may be there and is ignored.
        lins: The learned channel weights, ``lin{k}.model.1.weight`` for k = 0..4; other keys are
            ignored.

    Raises:
        ModelError: A key is missing or has another shape.
    """

    name = "lpips-vgg16"

    def __init__(self, trunk: Mapping[str, Tensor], lins: Mapping[str, Tensor]) -> None:
        super().__init__(_read_lins(lins), scales=(1.0,) * len(_TAPS))
        self.trunk = _read_trunk(trunk)
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1))

    @classmethod
    def from_files(cls, trunk: str | Path, lins: str | Path) -> "LPIPS":
        """Load LPIPS from two files, or from one that holds both kinds of keys (given twice).

        Args:
            trunk: torchvision's ``vgg16-397923af.pth``, or a ``.safetensors`` with its keys.
            lins: The authors' ``vgg.pth`` (v0.1), or a ``.safetensors`` with its keys.

        Raises:
            ModelError: A file is missing, unreadable, or holds other weights.
        """
        trunk_state = read_state(Path(trunk))
        same = Path(trunk) == Path(lins)
        return cls(trunk_state, trunk_state if same else read_state(Path(lins)))

    def features(self, x: Tensor) -> list[Tensor]:
        """Compute relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3; see :class:`PerceptualDistance`.

        Raises:
            ValueError: A side of the images is under 16 px.
        """
        if min(x.shape[-2:]) < _MIN_SIDE:
            raise ValueError(f"LPIPS needs sides of {_MIN_SIDE} px, not {tuple(x.shape[-2:])}")
        hidden = (x - self.get_buffer("shift")) / self.get_buffer("scale")
        taps = []
        for index, layer in enumerate(self.trunk):
            hidden = layer(hidden)
            if index in _TAPS:
                taps.append(hidden)
        return taps


def _read_trunk(state: Mapping[str, Tensor]) -> nn.Sequential:
    from torchvision.models import vgg16  # slow to import, and only needed here

    # on meta, construction draws nothing from the global random state
    with torch.device("meta"):
        layers = list(vgg16(weights=None).features.children())[: _TAPS[-1] + 1]
    trunk = nn.Sequential(*layers)
    picked = {}
    for key, expected in trunk.state_dict().items():
        picked[key] = _checked(state, f"features.{key}", tuple(expected.shape))
    trunk.load_state_dict(picked, assign=True)
    return trunk.eval().requires_grad_(False)


def _read_lins(state: Mapping[str, Tensor]) -> list[Tensor]:
    return [
        _checked(state, f"lin{index}.model.1.weight", (1, channels, 1, 1))
        for index, channels in enumerate(_CHANNELS)
    ]


def _checked(state: Mapping[str, Tensor], key: str, shape: tuple[int, ...]) -> Tensor:
    if key not in state:
        raise ModelError(
            "LPIPS weights lack {key}: give torchvision's VGG16 and the v0.1 lins of LPIPS.",
            key=key,
        )
    if tuple(state[key].shape) != shape:
        raise ModelError(
            "LPIPS weight {key} has shape {shape}, not {expected}: give torchvision's VGG16 and the "
            "v0.1 lins of LPIPS.",
            key=key,
            shape=tuple(state[key].shape),
            expected=shape,
        )
    return state[key].detach().float().clone()
