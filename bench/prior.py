"""Measure diffusion priors on held-out photographs: denoising loss by noise level, KID, and what they draw.

    python bench/prior.py DATA NAME=PACK [NAME=PACK ...] [--samples 192]

Writes docs/bench-prior.md and docs/images/prior_samples.png. DATA is a folder with images.csv and sounds.csv; its
held-out twentieth is used, and sounds of the held-out recordings. The first pack named is what the others are compared to.
KID is the unbiased polynomial estimate (Binkowski et al. 2018) on pooled features of EfficientNet-Lite0, not Inception: it
compares packs with each other, and with nothing published elsewhere.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.packs.pack import ModelPack, load_pack
from soundini.perceptual.imagenet import imagenet_classifier
from soundini.training.conditions import HeardPictures, sound_conditions
from soundini.training.images import LabelledImages
from soundini.training.prior import SAMPLED_STEPS, draw_samples
from soundini.training.recipe import PriorRecipe, load_train_recipe
from soundini.training.sounds import sound_features

LEVELS = (100, 300, 500, 700, 850, 950)
SIDE = 64
SHOWN = 12


@dataclass(frozen=True)
class Figures:
    """What was measured of a pack, told of the sound or not."""

    name: str
    told: bool
    losses: list[float]
    kid: float


@torch.no_grad()
def losses(denoiser: UNetDenoiser, crops: Tensor, heard: Tensor | None) -> list[float]:
    """Mean squared error of v at each level."""
    found = []
    for t in LEVELS:
        eps = torch.randn(crops.shape, generator=torch.Generator().manual_seed(t))
        x = denoiser.schedule.q_sample(crops, eps, t)
        abar = denoiser.schedule.abar(t)
        target = abar**0.5 * eps - (1 - abar) ** 0.5 * crops
        found.append(float((denoiser.output(x, t, heard) - target).square().mean()))
    return found


@torch.no_grad()
def features(network: torch.nn.Module, pictures: Tensor) -> Tensor:
    """Pooled features of pictures enlarged to what the network was trained at."""
    large = F.interpolate(pictures, (224, 224), mode="bicubic", align_corners=False)
    maps = [network.forward_features(part) for part in large.clamp(-1, 1).split(32)]
    return torch.cat(maps).mean((2, 3))


def kid(a: Tensor, b: Tensor) -> float:
    """Unbiased squared MMD under the kernel (x·y / d + 1)^3."""

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x.double() @ y.double().T / x.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        k = kernel(x, x)
        return (k.sum() - k.diagonal().sum()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())


def sheet(rows: dict[str, Tensor], path: Path) -> None:
    """A labelled row of samples for each pack."""
    picture = Image.new("RGB", (120 + SHOWN * SIDE, len(rows) * SIDE), "white")
    for y, (name, drawn) in enumerate(rows.items()):
        ImageDraw.Draw(picture).text((4, y * SIDE + SIDE // 2 - 6), name, fill="black")
        pixels = ((drawn + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
        for x in range(SHOWN):
            picture.paste(Image.fromarray(pixels[x]), (120 + x * SIDE, y * SIDE))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)


def report(figures: list[Figures], samples: int, command: str) -> str:
    """The page."""
    head = " | ".join(f"t = {t}" for t in LEVELS)
    rows = "\n".join(
        f"| {f.name}{', told the sound' if f.told else ''} | "
        + " | ".join(f"{value:.4f}" for value in f.losses)
        + f" | {f.kid:.3f} | {f.kid / figures[0].kid:.2f} |"
        for f in figures
    )
    return f"""# The diffusion prior, measured

Written by `{command}` on held-out photographs: mean squared error of v at six noise levels, and KID of {samples} samples
({SAMPLED_STEPS} DDIM steps, {SIDE} pixels) against {samples} held-out crops, both with the labels'
shares of training. KID is on features
of EfficientNet-Lite0: it compares these rows, and with nothing published elsewhere.

| prior | {head} | KID | of the first |
|---|{"---:|" * (len(LEVELS) + 2)}
{rows}

![Samples](images/prior_samples.png)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("packs", nargs="+", metavar="NAME=PACK")
    parser.add_argument("--samples", type=int, default=192)
    parser.add_argument("--output", type=Path, default=Path("docs/bench-prior.md"))
    options = parser.parse_args()
    named: dict[str, ModelPack] = {}
    for text in options.packs:
        name, _, folder = text.partition("=")
        named[name] = load_pack(folder)
    joint = next(iter(named.values())).joint
    assert isinstance(joint, EmbeddedJointSpace)
    sounds = sound_conditions(joint, sound_features(options.data, joint, side="held_out"))
    images = LabelledImages(options.data, side="held_out")
    recipe = load_train_recipe(PriorRecipe)
    pictures = HeardPictures(images, sounds, dropped=0.0, blended=0.0, noise=0.0)
    rng = np.random.default_rng(0)
    crops, heard = pictures.draw(
        options.samples, SIDE, recipe.weights, rng, min_crop=recipe.min_crop
    )
    noise = torch.randn(crops.shape, generator=torch.Generator().manual_seed(0))
    network = imagenet_classifier()
    real = features(network, crops)
    figures, rows = [], {"held-out": crops}
    for name, pack in named.items():
        for told in (False, True) if pack.denoiser.condition is not None else (False,):
            given = heard if told else None
            drawn = draw_samples(pack.denoiser, noise, given)
            distance = kid(features(network, drawn), real)
            found = losses(pack.denoiser, crops, given)
            figures.append(Figures(name, told, found, distance))
            rows[f"{name}{', told' if told else ''}"] = drawn
            print(figures[-1], flush=True)
    sheet(rows, options.output.parent / "images" / "prior_samples.png")
    command = f"python bench/prior.py DATA {' '.join(options.packs)} --samples {options.samples}"
    options.output.write_text(report(figures, options.samples, command))


if __name__ == "__main__":
    main()
