"""The shape of a VQGAN, and those of the official ImageNet models."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VQGANConfig:
    """Shape of a VQGAN (Esser et al., CVPR 2021, arXiv 2012.09841), in the words of the authors' ``ddconfig``.

    Args:
        ch: channels at full resolution; a multiple of ``norm_groups``.
        ch_mult: factor on ``ch`` of each level, the finest first; the last level is ``2 ** (len(ch_mult) - 1)`` times smaller.
        num_res_blocks: residual blocks a level of the encoder; the decoder has one more.
        attn_resolutions: sides, of pictures of side ``resolution``, at which blocks are followed by self-attention.
        z_channels: channels of the encoder's output.
        embed_dim: numbers of a code.
        n_embed: codes.
        resolution: side in pixels that ``attn_resolutions`` refers to; pictures of any side that ``factor`` divides are taken.
        norm_groups: groups of the group norms; the authors' have 32.
        unit_codes: codes and what is looked up have unit length (ViT-VQGAN, arXiv 2110.04627), which keeps all of a codebook
            in use; the authors' have not.
    """

    ch: int
    ch_mult: tuple[int, ...]
    num_res_blocks: int
    attn_resolutions: tuple[int, ...]
    z_channels: int
    embed_dim: int
    n_embed: int
    resolution: int = 256
    norm_groups: int = 32
    unit_codes: bool = False

    @property
    def factor(self) -> int:
        """Pixels along the side of a code's cell."""
        return 2 ** (len(self.ch_mult) - 1)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level, the finest first."""
        return tuple(self.ch * factor for factor in self.ch_mult)

    def attends(self, level: int) -> bool:
        """Whether the blocks of a level are followed by self-attention."""
        return self.resolution // 2**level in self.attn_resolutions


def _imagenet_f16(n_embed: int) -> VQGANConfig:
    return VQGANConfig(
        ch=128,
        ch_mult=(1, 1, 2, 2, 4),
        num_res_blocks=2,
        attn_resolutions=(16,),
        z_channels=256,
        embed_dim=256,
        n_embed=n_embed,
    )


OFFICIAL = {f"vqgan_imagenet_f16_{n}": _imagenet_f16(n) for n in (1024, 16384)}
"""The published models by name."""
