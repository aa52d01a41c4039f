"""I3D, the network that FVD compares clips by."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.errors import ConfigError

CLASSES = 400
"""Classes of Kinetics-400: as many numbers describe a clip."""

MIN_FRAMES = 9
"""Least frames of a clip; fewer leave nothing to average at the end of the network."""

_SIDE = 224
_CHUNK = 4
_EPSILON = 1e-3
_NORM = ("running_mean", "running_var", "weight", "bias")
_STEM = {
    "Conv3d_1a_7x7": (3, 64, 7, 2),
    "Conv3d_2b_1x1": (64, 64, 1, 1),
    "Conv3d_2c_3x3": (64, 192, 3, 1),
}
_MIXED = {
    "Mixed_3b": (192, 64, 96, 128, 16, 32, 32),
    "Mixed_3c": (256, 128, 128, 192, 32, 96, 64),
    "Mixed_4b": (480, 192, 96, 208, 16, 48, 64),
    "Mixed_4c": (512, 160, 112, 224, 24, 64, 64),
    "Mixed_4d": (512, 128, 128, 256, 24, 64, 64),
    "Mixed_4e": (512, 112, 144, 288, 32, 64, 64),
    "Mixed_4f": (528, 256, 160, 320, 32, 128, 128),
    "Mixed_5b": (832, 256, 160, 320, 32, 128, 128),
    "Mixed_5c": (832, 384, 192, 384, 48, 128, 128),
}
_POOLED_BEFORE = {
    "Conv3d_2b_1x1": ((1, 3, 3), (1, 2, 2)),
    "Mixed_3b": ((1, 3, 3), (1, 2, 2)),
    "Mixed_4b": ((3, 3, 3), (2, 2, 2)),
    "Mixed_5b": ((2, 2, 2), (2, 2, 2)),
}
"""Kernel and stride (time, rows, columns) of the max-pooling before a layer."""


class I3D(nn.Module):
    """Inception-v1 inflated to time (Carreira and Zisserman 2017, arXiv 1705.07750), for RGB and the classes of Kinetics-400.

    Its keys are those of pytorch-i3d's ``rgb_imagenet.pt``. Convolutions and pools pad as TensorFlow's "same" does. A clip is
    described by its logits, averaged over time, as in FVD (Unterthiner et al. 2018, arXiv 1812.01717). The constructor loads
    no weights; see :meth:`from_state`.
    """

    def __init__(self) -> None:
        super().__init__()
        with torch.device("meta"):  # construction draws nothing from the global random state
            for name, (ins, outs, kernel, stride) in _STEM.items():
                self.add_module(name, _Unit(ins, outs, kernel, stride))
            for name, (ins, *outs) in _MIXED.items():
                self.add_module(name, _Mixed(ins, outs))
            self.logits = _Unit(_MIXED["Mixed_5c"][1] + 640, CLASSES, 1, plain=True)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> I3D:
        """The network with weights of :meth:`layout`."""
        network = cls()
        network.load_state_dict(dict(state), assign=True)
        return network.float().eval().requires_grad_(False)

    def layout(self) -> dict[str, tuple[int, ...]]:
        """Key and shape of every tensor."""
        return {key: tuple(value.shape) for key, value in self.state_dict().items()}

    @torch.no_grad()
    def forward(self, clip: Tensor) -> Tensor:
        """Describe one clip.

        Args:
            clip: frames in [-1, 1], of any size; they are stretched to 224 x 224.

        Shape:
            ``clip``: ``[T, 3, H, W]``, T at least :data:`MIN_FRAMES`; returns ``[400]``.

        Raises:
            ConfigError: the clip is too short.
        """
        if len(clip) < MIN_FRAMES:
            raise ConfigError(
                "FVD needs clips of {least} frames or more, not {count}; edit more frames",
                least=MIN_FRAMES,
                count=len(clip),
            )
        parts = [
            F.interpolate(part, (_SIDE, _SIDE), mode="bilinear", align_corners=False)
            for part in clip.split(_CHUNK)
        ]
        x = torch.cat(parts).movedim(0, 1)[None]
        for name, layer in self.named_children():
            if name == "logits":
                x = F.avg_pool3d(x, (2, 7, 7), stride=1)
            elif name in _POOLED_BEFORE:
                kernel, stride = _POOLED_BEFORE[name]
                x = F.max_pool3d(_same(x, kernel, stride), kernel, stride)
            x = layer(x)
        return x.mean((0, 2, 3, 4))


class _Unit(nn.Module):
    """Convolution, batch norm, ReLU; or a plain convolution with a bias."""

    def __init__(
        self, ins: int, outs: int, kernel: int, stride: int = 1, *, plain: bool = False
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(ins, outs, kernel, stride, bias=plain)
        self.bn = None if plain else _FrozenNorm(outs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3d(_same(x, self.conv3d.kernel_size, self.conv3d.stride))
        return x if self.bn is None else F.relu(self.bn(x))


class _FrozenNorm(nn.Module):
    """Batch norm with fixed statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name in _NORM:
            self.register_buffer(name, torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance, weight, bias = (self.get_buffer(name) for name in _NORM)
        return F.batch_norm(x, mean, variance, weight, bias, eps=_EPSILON)


class _Mixed(nn.Module):
    """Four branches side by side, concatenated."""

    def __init__(self, ins: int, outs: list[int]) -> None:
        super().__init__()
        self.b0 = _Unit(ins, outs[0], 1)
        self.b1a, self.b1b = _Unit(ins, outs[1], 1), _Unit(outs[1], outs[2], 3)
        self.b2a, self.b2b = _Unit(ins, outs[3], 1), _Unit(outs[3], outs[4], 3)
        self.b3b = _Unit(ins, outs[5], 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.max_pool3d(x, 3, stride=1, padding=1)
        branches = (self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled))
        return torch.cat(branches, 1)


def _same(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Pad with zeros so that ceil(size / stride) positions result; an odd zero goes at the end."""
    pads: list[int] = []
    for size, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)
