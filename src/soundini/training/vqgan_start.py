"""Initial weights of a VQGAN that already reproduce the coarse colours of a picture."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.baselines.vqgan.blocks import Downsample, ResnetBlock, Upsample
from soundini.baselines.vqgan.network import VQGAN

COLOURS = torch.tensor([[0.67, 0.67, 0.67], [3.3, 0.0, -3.3], [-4.0, 8.0, -4.0]])
"""From red, green and blue to lightness and two opponent colours, each about as large in photographs."""

_OFFSET = 1.0
"""Size of constants beside the signal, which is about half as large. They dominate the statistics of the norms, so that the
norms do not remove a picture's mean."""


_RIDGE = 1e-3
"""Ridge penalty of the last convolution's fit, in units of the features' mean variance."""


@torch.no_grad()
def begin_as_averages(vqgan: VQGAN, crops: Tensor, seed: int = 0) -> None:
    """Set the weights of a network, in place, so that it reproduces the mean colours of each cell.

    Residual branches begin at zero, and the layers between them as rotations of averages. Latents are the principal
    components of the encoder's output for some crops, scaled alike; the last convolution is fitted to those crops. With the
    usual random weights lightness dominates hue, the norms remove a picture's mean, the codes settle along a line of greys,
    and a short training stays there.

    Args:
        vqgan: a network of random weights.
        crops: some photographs.
        seed: of the rotations.

    Shape:
        ``crops``: ``[B, 3, S, S]`` in [-1, 1].
    """
    generator = torch.Generator().manual_seed(seed)
    for module in vqgan.modules():
        if isinstance(module, ResnetBlock):
            _set(module.conv2, module.conv2.weight.new_zeros(module.conv2.weight.shape))
            if module.nin_shortcut is not None:
                _set(module.nin_shortcut, _rotation(module.nin_shortcut, generator))
        elif isinstance(module, Downsample):
            kernel = torch.zeros(1, 1, 3, 3)
            kernel[..., :2, :2] = 0.25
            _set(module.conv, _rotation(module.conv, generator) * kernel)
        elif isinstance(module, Upsample):
            _set(module.conv, F.pad(_rotation(module.conv, generator), (1, 1, 1, 1)))
    for mid in (vqgan.encoder.mid, vqgan.decoder.mid):
        mid.attn_1.proj_out.weight.zero_()
    first = vqgan.encoder.conv_in
    turned = nn.init.orthogonal_(torch.empty(first.out_channels, 3), generator=generator) @ COLOURS
    _set(first, 0.3 * first.weight + F.pad(turned[..., None, None], (1, 1, 1, 1)))
    for conv in (first, vqgan.decoder.conv_in):
        assert conv.bias is not None
        conv.bias.copy_(_OFFSET * (2 * torch.randint(2, conv.bias.shape, generator=generator) - 1))
    for conv in (vqgan.encoder.conv_out, vqgan.decoder.conv_in):
        conv.weight.copy_(F.pad(_rotation(conv, generator), (1, 1, 1, 1)))
    spread = vqgan.config.z_channels**0.5 / 2
    _set(vqgan.post_quant_conv, spread * _rotation(vqgan.post_quant_conv, generator))
    _latents_as_components(vqgan, crops)
    _fit_last(vqgan, crops)


def _latents_as_components(vqgan: VQGAN, crops: Tensor) -> None:
    """Let each number of a latent be a principal component, centred; the larger ones stay so, by the root of their size."""
    said = vqgan.encoder(crops).movedim(1, -1).flatten(0, -2)
    mean = said.mean(0)
    _, sizes, components = torch.linalg.svd(said - mean, full_matrices=False)
    count = vqgan.config.embed_dim
    scale = (sizes[:count] * sizes[0]).clamp_min(1e-6).rsqrt()
    matrix = scale[:, None] * components[:count]
    _set(vqgan.quant_conv, matrix[..., None, None])
    assert vqgan.quant_conv.bias is not None
    vqgan.quant_conv.bias.copy_(-matrix @ mean)


def _fit_last(vqgan: VQGAN, crops: Tensor) -> None:
    """Fit the last convolution, as one of single pixels, to the crops by ridge regression."""
    last = vqgan.decoder.conv_out
    heard: list[Tensor] = []
    hook = last.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    vqgan.decode(vqgan.encode(crops))
    hook.remove()
    rows = heard[0].movedim(1, -1).flatten(0, -2)
    wanted = crops.movedim(1, -1).flatten(0, -2)
    middle, mean = rows.mean(0), wanted.mean(0)
    rows = rows - middle
    spread = rows.T @ rows
    spread.diagonal().add_(_RIDGE * spread.diagonal().mean())
    matrix = torch.linalg.solve(spread, rows.T @ (wanted - mean)).T
    _set(last, F.pad(matrix[..., None, None], (1, 1, 1, 1)))
    assert last.bias is not None
    last.bias.copy_(mean - matrix @ middle)


def _rotation(conv: nn.Conv2d, generator: torch.Generator) -> Tensor:
    """A semi-orthogonal matrix as a convolution of single pixels: ``[out, in, 1, 1]``."""
    matrix = torch.empty(conv.out_channels, conv.in_channels)
    return nn.init.orthogonal_(matrix, generator=generator)[..., None, None]


def _set(conv: nn.Conv2d, weight: Tensor) -> None:
    """Give a convolution weights and no bias."""
    assert conv.bias is not None
    conv.weight.copy_(weight)
    conv.bias.zero_()
