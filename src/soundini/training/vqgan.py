"""Training of the VQGAN that the baseline VQGAN+CLIP optimises codes of (Esser et al., CVPR 2021, arXiv 2012.09841)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from soundini.baselines.vqgan.config import VQGANConfig
from soundini.baselines.vqgan.loading import build_vqgan
from soundini.baselines.vqgan.network import VQGAN
from soundini.perceptual.imagenet import ImageNetDistance
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, SamplesReady, TrainStep
from soundini.training.images import LabelledImages
from soundini.training.recipe import VqganRecipe
from soundini.training.trainer import Trainer, adamw, lr_factor
from soundini.training.vqgan_start import COLOURS, begin_as_averages

_NORM_GROUPS = 2
"""Groups of the norms. The authors' 32 would leave few channels a group in a small network, which removes a picture's colour."""

_REMEMBERED = 0.9
"""Decay of the running count of a code's uses."""

_ALIVE = 0.03
"""A code that is used less often than this a step is dead."""

_SQUARE = 4
"""Side in pixels over which colours are averaged."""

_BEGUN_ON = 64
"""Crops from which the initial weights are computed."""

_SHOWN = 8
"""Pictures of a sample sheet."""

_MOST = 1e4
"""Largest weight of the discriminator's loss."""
_SLOPE = 0.2
_GROUPS = 8


def shape_of(recipe: VqganRecipe) -> VQGANConfig:
    """The shape of a new VQGAN: attention in the middle only, few groups, and codes of unit length.

    Short codes of unit length (ViT-VQGAN, arXiv 2110.04627) keep the whole codebook in use if there is little data.
    """
    return VQGANConfig(
        ch=recipe.ch,
        ch_mult=recipe.ch_mult,
        num_res_blocks=recipe.num_res_blocks,
        attn_resolutions=(),
        z_channels=recipe.ch * recipe.ch_mult[-1],
        embed_dim=recipe.embed_dim,
        n_embed=recipe.n_embed,
        resolution=recipe.size,
        norm_groups=_NORM_GROUPS,
        unit_codes=True,
    )


def begin_vqgan(images: LabelledImages, recipe: VqganRecipe) -> VQGAN:
    """A new VQGAN with initial weights from some crops; the same for the same seed."""
    vqgan = build_vqgan(shape_of(recipe), recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    crops, _ = images.crops(_BEGUN_ON, recipe.size, recipe.weights, rng, min_crop=recipe.min_crop)
    begin_as_averages(vqgan, crops, recipe.seed)
    return vqgan


class AdversarialVQGAN(nn.Module):
    """A VQGAN, the discriminator it is trained against, and the counts of its codes.

    Args:
        vqgan: what is trained.
        discriminator: what it is trained against.
    """

    usage: Tensor

    def __init__(self, vqgan: VQGAN, discriminator: PatchDiscriminator) -> None:
        super().__init__()
        self.vqgan, self.discriminator = vqgan, discriminator
        self.register_buffer("usage", torch.zeros(vqgan.config.n_embed))

    @torch.no_grad()
    def count(self, numbers: Tensor) -> None:
        """Count the codes that a step has used."""
        chosen = torch.bincount(numbers.flatten(), minlength=len(self.usage))
        self.usage.lerp_(chosen.to(self.usage), 1 - _REMEMBERED)

    @torch.no_grad()
    def revive(self, latents: Tensor, rng: np.random.Generator) -> int:
        """Move codes that are hardly ever used to random latents; returns how many.

        Otherwise codes that have fallen behind are never used again (Dhariwal et al., arXiv 2005.00341).
        """
        dead = torch.nonzero(self.usage < _ALIVE).flatten()
        rows = latents.movedim(1, -1).flatten(0, -2)
        chosen = torch.from_numpy(rng.integers(len(rows), size=len(dead)))
        self.vqgan.quantize.embedding.weight[dead] = rows[chosen].to(self.usage)
        self.usage[dead] = 1.0
        return len(dead)

    def used(self) -> Tensor:
        """Share of the codebook that is alive."""
        return (self.usage >= _ALIVE).float().mean()

    def perplexity(self) -> Tensor:
        """Perplexity of the codes: the exponential of the entropy of their frequencies."""
        return torch.special.entr(self.usage / self.usage.sum().clamp_min(1)).sum().exp()


def train_vqgan(
    vqgan: VQGAN,
    images: LabelledImages,
    recipe: VqganRecipe,
    folder: Path,
    dtype: torch.dtype | None = None,
) -> Iterator[TrainStep | CheckpointSaved | SamplesReady]:
    """Train a VQGAN and keep its running average, yielding after every step; resumes from ``folder``, to the bit.

    The draws of step k depend on (seed, k) alone.

    Args:
        vqgan: what is trained, from random or from trained weights.
        images: where crops come from.
        recipe: settings.
        folder: where ``last.safetensors`` is kept; it holds the discriminator too.
        dtype: arithmetic: None for float32, else autocast.

    Yields:
        :class:`TrainStep` after every step; :class:`SamplesReady` and :class:`CheckpointSaved` with every save.
    """
    networks = AdversarialVQGAN(vqgan, _discriminator(recipe)).train().requires_grad_(True)
    average = copy.deepcopy(networks).eval().requires_grad_(False)
    rates = [(vqgan, recipe.lr), (networks.discriminator, recipe.lr * recipe.discriminator_lr)]
    optimizer = adamw(rates, beta2=0.99, weight_decay=0.0)
    trainer = Trainer(networks, optimizer, recipe, folder, recipe.steps, Workers())
    average.load_state_dict(trainer.ema.shadow, assign=True)  # and so follows it
    perceptual = ImageNetDistance()
    for step in range(trainer.done, recipe.steps):
        rng = np.random.default_rng((recipe.seed, step))
        crops, _ = images.crops(
            recipe.batch, recipe.size, recipe.weights, rng, min_crop=recipe.min_crop
        )
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype is not None):
            loss, figures = adversarial_loss(networks, perceptual, crops, recipe, step, rng)
        factor = lr_factor(step, recipe.steps, warmup=recipe.warmup, decay=recipe.decay)
        for event in trainer.learn(step, loss, factor, figures):
            yield event
            if isinstance(event, CheckpointSaved):
                yield SamplesReady(step + 1, _samples(average.vqgan, images, recipe))


def adversarial_loss(
    networks: AdversarialVQGAN,
    perceptual: ImageNetDistance,
    crops: Tensor,
    recipe: VqganRecipe,
    step: int,
    rng: np.random.Generator,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The losses of the VQGAN and of the discriminator, in one sum whose gradients do not mix.

    L = L1 + perceptual + colour + |sg(z) - e|^2 + beta |z - sg(e)|^2 + lambda · (-D(x')) + hinge(D(x), D(sg(x'))), where the
    first D(x') is computed with fixed weights, and lambda balances the gradients in the last layer (section 3.1 of the paper).

    Args:
        networks: the two networks.
        perceptual: the perceptual distance.
        crops: photographs.
        recipe: weights of the terms.
        step: number of the step: codes are used from ``quantise_from`` on and the discriminator from ``discriminator_from`` on;
            no code is revived once the learning rate falls.
        rng: chooses the new places of dead codes.

    Shape:
        ``crops``: ``[B, 3, S, S]`` in [-1, 1]; returns a scalar, and scalars by name.
    """
    vqgan, discriminator = networks.vqgan, networks.discriminator
    z = vqgan.encode(crops)
    quantised = step >= recipe.quantise_from
    if quantised and step < recipe.steps * (1 - recipe.decay):
        networks.revive(z.detach(), rng)
    codes, numbers = vqgan.quantize(z)
    if quantised:
        networks.count(numbers)
    drawn = vqgan.decode(z + (codes - z).detach() if quantised else z)
    l1 = (drawn - crops).abs().mean()
    seen = perceptual(drawn, crops).mean()
    codebook = (z.detach() - codes).square().sum(1).mean()
    commitment = (z - codes.detach()).square().sum(1).mean()
    colour = colour_distance(drawn, crops)
    rebuilt = loss = l1 + recipe.perceptual * seen + recipe.colour * colour
    if quantised:
        loss = loss + recipe.codebook * (codebook + recipe.commitment * commitment)
    figures = {"l1": l1, "colour": colour, "perceptual": seen, "codebook": codebook}
    figures |= {"used": networks.used(), "perplexity": networks.perplexity()}
    nothing = torch.zeros(())
    told, fooled, weight = nothing, nothing, nothing
    if step >= recipe.discriminator_from:
        fixed = {name: value.detach() for name, value in discriminator.named_parameters()}
        fooled = -functional_call(discriminator, fixed, (drawn,)).mean()
        rise = min(1.0, (step - recipe.discriminator_from) / recipe.discriminator_rise)
        most = recipe.adversarial * rise  # an untrained discriminator only does harm
        weight = most * balance(rebuilt, fooled, vqgan.decoder.conv_out.weight)
        told = hinge(discriminator(crops), discriminator(drawn.detach()))
        loss = loss + weight * fooled + told
    return loss, {**figures, "fooled": fooled, "discriminator": told, "lambda": weight}


def colour_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean difference of lightness and hue, averaged over small squares first; a scalar.

    Photographs differ far more in lightness than in hue, and so L1 hardly sees hue: a short training by L1 alone ends in grey.

    Shape:
        ``a``, ``b``: ``[B, 3, H, W]``.
    """
    means = F.avg_pool2d(a - b, _SQUARE)[:, None]
    return (COLOURS.to(a)[..., None, None] * means).sum(2).abs().mean()


def balance(rebuilt: Tensor, fooled: Tensor, last: Tensor) -> Tensor:
    """Weight of the discriminator: |grad of the reconstruction's loss| / |grad of its own|, in the last layer."""
    ours, its = (
        torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (rebuilt, fooled)
    )
    return (ours / (its + 1e-4)).clamp(0, _MOST).detach()


def _discriminator(recipe: VqganRecipe) -> PatchDiscriminator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return PatchDiscriminator(recipe.discriminator_width)


@torch.no_grad()
def _samples(average: VQGAN, images: LabelledImages, recipe: VqganRecipe) -> dict[str, np.ndarray]:
    """A few fixed crops, above their reconstructions by the running average."""
    rng = np.random.default_rng(recipe.seed)
    crops, labels = images.crops(_SHOWN, recipe.size, recipe.weights, rng, min_crop=recipe.min_crop)
    pairs = torch.cat([crops, average(crops).clamp(-1, 1)], dim=2)
    pixels = ((pairs + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
    return {
        f"{label} {i}": each for i, (label, each) in enumerate(zip(labels, pixels, strict=True))
    }


class PatchDiscriminator(nn.Module):
    """Strided convolutions and a score for each patch (PatchGAN, arXiv 1611.07004), with group norms instead of batch norms.

    Statistics of a batch would make the score of a picture depend on the others.

    Args:
        width: channels of the first layer, a multiple of 8; each further layer has twice as many.
        layers: convolutions of stride 2.
    """

    def __init__(self, width: int = 24, layers: int = 3) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        channels = 3
        for index in range(layers):
            out = width * 2**index
            parts.append(nn.Conv2d(channels, out, 4, stride=2, padding=1))
            if index:
                parts.append(nn.GroupNorm(_GROUPS, out))
            parts.append(nn.LeakyReLU(_SLOPE))
            channels = out
        self.layers = nn.Sequential(*parts, nn.Conv2d(channels, 1, 4, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Scores, higher for photographs: ``[B, 3, H, W]`` in [-1, 1] -> ``[B, 1, h, w]``."""
        return self.layers(x).float()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises: mean max(0, 1 - real) / 2 + mean max(0, 1 + fake) / 2, a scalar of scores."""
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())
