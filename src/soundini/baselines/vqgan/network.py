"""A VQGAN: pictures to a grid of codes out of a codebook, and back."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.baselines.vqgan.blocks import Downsample, Level, Middle, Upsample
from soundini.baselines.vqgan.config import VQGANConfig

_EPS = 1e-6


class Encoder(nn.Module):
    """Pictures to what is looked up in the codebook, after ``quant_conv``."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        widths, groups = config.widths, config.norm_groups
        self.conv_in = nn.Conv2d(3, config.ch, 3, padding=1)
        self.down = nn.ModuleList()
        channels = config.ch
        for level, width in enumerate(widths):
            down = ("downsample", Downsample) if level + 1 < len(widths) else None
            blocks = config.num_res_blocks
            self.down.append(Level(channels, width, blocks, groups, config.attends(level), down))
            channels = width
        self.mid = Middle(channels, groups)
        self.norm_out = nn.GroupNorm(groups, channels, _EPS)
        self.conv_out = nn.Conv2d(channels, config.z_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, 3, H, W]`` -> ``[B, z_channels, H / f, W / f]``."""
        h = self.conv_in(x)
        for level in self.down:
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(self.mid(h))))


class Decoder(nn.Module):
    """Codes, after ``post_quant_conv``, to pictures; levels are numbered as the encoder's and run backwards."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        widths, groups = config.widths, config.norm_groups
        self.conv_in = nn.Conv2d(config.z_channels, widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1], groups)
        self.up = nn.ModuleList()
        for level, width in enumerate(widths):
            channels = widths[min(level + 1, len(widths) - 1)]
            up = ("upsample", Upsample) if level > 0 else None
            blocks = config.num_res_blocks + 1
            self.up.append(Level(channels, width, blocks, groups, config.attends(level), up))
        self.norm_out = nn.GroupNorm(groups, widths[0], _EPS)
        self.conv_out = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """``[B, z_channels, h, w]`` -> ``[B, 3, f h, f w]``."""
        h = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(h)))


class Codebook(nn.Module):
    """The codes, and looking them up.

    Args:
        config: how many there are, of how many numbers, and whether all have unit length.
    """

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.n_embed, config.embed_dim)
        self.unit = config.unit_codes

    def codes(self) -> Tensor:
        """All codes, ``[n_embed, embed_dim]``."""
        codes = self.embedding.weight
        return F.normalize(codes, dim=-1) if self.unit else codes

    def compared(self, z: Tensor) -> Tensor:
        """Latents as they are compared with codes: of unit length where codes are; ``[B, D, h, w]``."""
        return F.normalize(z, dim=1) if self.unit else z

    def confine(self, z: Tensor) -> Tensor:
        """Bring moved latents back to where codes are: to unit length, or into each number's range; ``[B, D, h, w]``."""
        if self.unit:
            return F.normalize(z, dim=1)
        low, high = self.embedding.weight.aminmax(dim=0)
        return z.clamp(low.view(1, -1, 1, 1), high.view(1, -1, 1, 1))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest code of each position.

        Shape:
            ``z``: ``[B, D, h, w]``, as :meth:`compared` gives it; returns codes ``[B, D, h, w]`` and their numbers
            ``[B, h, w]``. Gradients reach the codes, not ``z``.
        """
        codes = self.codes()
        with torch.no_grad():
            rows = z.detach().movedim(1, -1).float()
            # |z - e|^2 without |z|^2, which is the same for all codes
            distances = codes.square().sum(1) - 2 * rows @ codes.T
            numbers = distances.argmin(-1)
        return F.embedding(numbers, codes).movedim(-1, 1), numbers


class VQGAN(nn.Module):
    """Encoder, codebook and decoder (Esser et al., arXiv 2012.09841), with the keys of taming-transformers' checkpoints.

    Args:
        config: its shape.
    """

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantize = Codebook(config)
        self.quant_conv = nn.Conv2d(config.z_channels, config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.z_channels, 1)

    def encode(self, x: Tensor) -> Tensor:
        """Pictures in [-1, 1] to latents, before they are quantised: ``[B, 3, H, W]`` -> ``[B, D, H / f, W / f]``."""
        return self.quantize.compared(self.quant_conv(self.encoder(x)).float())

    def decode(self, codes: Tensor) -> Tensor:
        """Codes to pictures, near [-1, 1]: ``[B, D, h, w]`` -> ``[B, 3, f h, f w]``."""
        return self.decoder(self.post_quant_conv(codes)).float()

    def straight_through(self, z: Tensor) -> Tensor:
        """The nearest codes, with the gradient of ``z`` as if they were ``z``; ``[B, D, h, w]``.

        That is z + stop(e(z) - z), of van den Oord et al., arXiv 1711.00937.
        """
        compared = self.quantize.compared(z)
        codes, _ = self.quantize(compared)
        return compared + (codes - compared).detach()

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct pictures; ``[B, 3, H, W]``, in and out."""
        return self.decode(self.straight_through(self.encode(x)))
