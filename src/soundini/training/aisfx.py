"""aiSFX (Ma & Lerch, ISMIR 2022), from which the embedded sound network is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.joint.embedded import log_power
from soundini.joint.listening import STRIDE
from soundini.joint.towers import SoundNetwork
from soundini.training.recordings import Recording

_CHECKPOINT = "aisfx/models/checkpoint.pth"
_PREFIX = "embedding_net."

_PLAIN = [
    (np.int64(0).__reduce__()[0], "numpy.core.multiarray.scalar"),
    np.dtype,
    type(np.dtype(np.int64)),
]
"""NumPy types in the file: beside the weights it holds the authors' scores and names."""


class AiSFX(nn.Module):
    """Four blocks of two convolutions each, as published; fully convolutional in time.

    Its weights (CC BY 4.0) are inside the PyPI package ``aisfx`` 0.1.2 and are not part of this project: unpack the wheel.

    Shape:
        ``x``: ``[B, time, mel]``, log-mel as :func:`soundini.joint.embedded.log_power` makes it; returns
        ``[B, 512, time / 8]``, whose maximum over time is the published embedding.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 64, 128, 256, 512)
        for number in range(1, 5):
            self.add_module(f"conv_block{number}", _Block(widths[number - 1], widths[number]))

    @classmethod
    def from_wheel(cls, folder: Path) -> AiSFX:
        """Load the weights from an unpacked wheel.

        Raises:
            ModelError: they are missing, or of another network.
        """
        path = folder / _CHECKPOINT
        network = cls()
        try:
            with torch.serialization.safe_globals(_PLAIN):
                state = torch.load(path, map_location="cpu", weights_only=True)[0]
            mine = {k.removeprefix(_PREFIX): v for k, v in state.items() if k.startswith(_PREFIX)}
            network.load_state_dict(mine)
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(
                "cannot load aiSFX from {file}: {why}; name the folder of the unpacked wheel of aisfx "
                "0.1.2",
                file=path,
                why=reason,
            ) from error
        return network.eval().requires_grad_(False)

    @torch.no_grad()
    def fold_into(self, network: SoundNetwork) -> None:
        """Copy the convolutions into a network, with their batch norm folded in, so that its output is the same.

        Args:
            network: of the same widths; its weights are written in place.
        """
        for conv, (mine, norm) in zip(network.convs, self.layers(), strict=True):
            assert isinstance(conv, nn.Conv2d)
            assert conv.bias is not None
            assert norm.running_var is not None
            assert norm.running_mean is not None
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            conv.weight.copy_(mine.weight * scale.view(-1, 1, 1, 1))
            conv.bias.copy_(norm.bias - norm.running_mean * scale)

    def layers(self) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
        """Its convolutions in order, each with its batch norm."""
        for block in self.children():
            assert isinstance(block, _Block)
            yield block.conv1, block.bn1
            yield block.conv2, block.bn2

    def forward(self, x: Tensor) -> Tensor:
        """Features over time; see the class for shapes."""
        x = x[:, None]
        for number, block in enumerate(self.children()):
            x = block(x)
            if number < 3:
                x = F.max_pool2d(x, 2)
        return x.mean(3)


class _Block(nn.Module):
    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(c_out), nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


@torch.no_grad()
def taught_features(network: AiSFX, recording: Recording) -> Tensor:
    """The teacher's features of a recording over time: ``[512, columns / 8]``.

    Their maximum over a window is the window's embedding, except for context beyond the window's ends.
    """
    columns = recording.power.shape[1]
    padded = F.pad(recording.power, (0, max(0, STRIDE - columns)))
    return network(log_power(padded).T[None])[0]
