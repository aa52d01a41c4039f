"""What a VQGAN's encoder and decoder are made of; the names of the parts are those of taming-transformers' checkpoints."""

import torch.nn.functional as F
from torch import Tensor, nn

_EPS = 1e-6


class ResnetBlock(nn.Module):
    """Two 3 x 3 convolutions, each after a group norm and SiLU, beside a shortcut.

    Args:
        channels: in.
        out_channels: out; where they differ the shortcut is a 1 x 1 convolution.
        groups: of the norms.
    """

    def __init__(self, channels: int, out_channels: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels, _EPS)
        self.conv1 = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, out_channels, _EPS)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        differ = channels != out_channels
        self.nin_shortcut = nn.Conv2d(channels, out_channels, 1) if differ else None

    def forward(self, x: Tensor) -> Tensor:
        """``[B, channels, H, W]`` -> ``[B, out_channels, H, W]``."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (x if self.nin_shortcut is None else self.nin_shortcut(x))


class AttnBlock(nn.Module):
    """Self-attention of one head over all positions, added to its input.

    Args:
        channels: in and out.
        groups: of the norm.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, _EPS)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, H, W]``, in and out."""
        h = self.norm(x)
        q, k, v = (part(h).flatten(2).transpose(1, 2) for part in (self.q, self.k, self.v))
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        return x + self.proj_out(seen.unflatten(2, x.shape[-2:]))


class Downsample(nn.Module):
    """Halves the sides by a strided convolution that is padded to the right and below alone."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, H, W]`` -> ``[B, C, H / 2, W / 2]``."""
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Doubles the sides: nearest neighbours, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, H, W]`` -> ``[B, C, 2 H, 2 W]``."""
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Middle(nn.Module):
    """A block, attention, a block: the coarsest part of either half."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels, groups)
        self.attn_1 = AttnBlock(channels, groups)
        self.block_2 = ResnetBlock(channels, channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, H, W]``, in and out."""
        return self.block_2(self.attn_1(self.block_1(x)))


class Level(nn.Module):
    """Blocks of one resolution, each followed by attention where the level attends, and a change of resolution.

    Args:
        channels: in.
        out_channels: out.
        blocks: how many.
        groups: of the norms.
        attends: whether there is attention.
        resample: name and class of what changes the resolution at the end, or None.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        blocks: int,
        groups: int,
        attends: bool,
        resample: tuple[str, type[Downsample] | type[Upsample]] | None,
    ) -> None:
        super().__init__()
        inputs = [channels, *[out_channels] * (blocks - 1)]
        self.block = nn.ModuleList(ResnetBlock(width, out_channels, groups) for width in inputs)
        self.attn = nn.ModuleList(
            AttnBlock(out_channels, groups) for _ in range(blocks if attends else 0)
        )
        self._resample = None
        if resample is not None:
            self._resample, kind = resample
            self.add_module(self._resample, kind(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, channels, H, W]`` -> ``[B, out_channels, H', W']``."""
        for index, block in enumerate(self.block):
            x = block(x)
            if len(self.attn):
                x = self.attn[index](x)
        return x if self._resample is None else self.get_submodule(self._resample)(x)
