"""The networks of the embedded joint space."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.joint.listening import pooled_width


class ResidualBlock(nn.Module):
    """Pre-activation residual block; stride 2 halves the resolution, by average pooling on the skip path."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, c_in), nn.Conv2d(c_in, c_out, 3, stride, 1)
        self.norm2, self.conv2 = nn.GroupNorm(8, c_out), nn.Conv2d(c_out, c_out, 3, 1, 1)
        self.skip = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``[B, c_in, H, W]`` -> ``[B, c_out, H / stride, W / stride]``."""
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return self.skip(F.avg_pool2d(x, 2) if self.stride == 2 else x) + h


class ImageTower(nn.Module):
    """Noise-aware image encoder: its input is the mixture of x_t and the predicted clean frame that guidance uses.

    Shape:
        ``x``: ``[B, 3, H, W]`` in [-1, 1], sides multiples of 16 (trained at 64); returns ``[B, dim]``, not normalised.
    """

    WIDTHS = (
        (48, 64, 1),
        (64, 96, 2),
        (96, 96, 1),
        (96, 160, 2),
        (160, 160, 1),
        (160, 256, 2),
        (256, 256, 1),
    )

    def __init__(self, dim: int = 256) -> None:
        super().__init__()
        self.stem = nn.Conv2d(12, 48, 3, 1, 1)
        self.blocks = nn.Sequential(*(ResidualBlock(*width) for width in self.WIDTHS))
        self.norm, self.out = nn.GroupNorm(8, 256), nn.Linear(512, dim)

    def features(self, x: Tensor) -> Tensor:
        """The last layer's input: means and maxima over the image, ``[B, 512]``."""
        h = F.silu(self.norm(self.blocks(self.stem(F.pixel_unshuffle(x, 2))))).float()
        return torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Embed images; see the class for shapes."""
        return self.out(self.features(x))


class SoundNetwork(nn.Module):
    """Convolutional network over a log-mel spectrogram of any length: aiSFX's (Ma & Lerch 2022), batch norm folded in.

    Four stages of two convolutions with ReLU, pooled by two after the first three. Its output is the mean over frequency of the
    last three stages, the last one first: later stages know the source of a sound, earlier ones its texture.

    Args:
        widths: channels of each stage.

    Shape:
        ``x``: ``[B, time, mel]``, at least 8 of each; returns ``[B, width, time // 8]``.
    """

    WIDTHS = (64, 128, 256, 512)

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        channels = [1, *(width for width in widths for _ in range(2))]
        self.convs = nn.ModuleList(
            nn.Conv2d(c_in, c_out, 3, padding=1) for c_in, c_out in pairwise(channels)
        )
        self.width = sum(widths[1:])
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def forward(self, x: Tensor) -> Tensor:
        """Features over time; see the class for shapes."""
        h, said = x[:, None], []
        for number, conv in enumerate(self.convs):
            h = F.relu(conv(h))
            if number in (1, 3, 5):
                h = F.max_pool2d(h, 2)
            if number == 3:
                said = [F.avg_pool2d(h, (2, 1)).mean(3)]
            elif number in (5, 7):
                said = [h.mean(3), *said]
        return torch.cat(said, 1)


class SoundHead(nn.Linear):
    """From pooled features to the log probability of each class, up to a constant.

    A linear layer plus the output of a small hidden layer, which is zero at first. The sum is divided by 1 + d², where d² is the
    mean square of the standardised features: the less a sound is like the examples, the less certain the answer.

    Args:
        classes: how many.
        width: of the sound network.

    Shape:
        ``x``: ``[B, F]``, see :func:`soundini.joint.listening.pool_steps`; returns ``[B, classes]``. ``centre`` and ``scale``,
        which standardise the features: ``[F]``; zero at first, so that d is zero.
    """

    HIDDEN = 84

    centre: Tensor
    scale: Tensor

    def __init__(self, classes: int, width: int = sum(SoundNetwork.WIDTHS[1:])) -> None:
        features = pooled_width(width)
        super().__init__(features, classes)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.inner = nn.Linear(features, self.HIDDEN)
            self.outer = nn.Linear(self.HIDDEN, classes, bias=False)
        nn.init.zeros_(self.outer.weight)
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("scale", torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """Classify sounds; see the class for shapes."""
        said = super().forward(x) + self.outer(F.gelu(self.inner(x)))
        return said / self.doubt(x)

    def doubt(self, x: Tensor) -> Tensor:
        """What the logits are divided by, 1 + d²: ``[B, F]`` -> ``[B, 1]``."""
        return 1 + ((x - self.centre) * self.scale).square().mean(-1, keepdim=True)
