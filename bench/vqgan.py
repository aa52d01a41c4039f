"""How well the VQGAN redraws photographs that it has not seen: a table by label.

    python bench/vqgan.py DATA [--vqgan FOLDER] [--size 96] [-o docs/vqgan.md]

DATA is what `soundini train vqgan` takes. PSNR is over all pixels of a label; the perceptual distance is that of the ImageNet
network (not LPIPS); perplexity is of how many codes the choice is, were all as frequent.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.baselines.vqgan.loading import load_vqgan
from soundini.baselines.vqgan.network import VQGAN
from soundini.packs.pack import embedded_folder
from soundini.perceptual.imagenet import ImageNetDistance
from soundini.training.images import LabelledImages, centre_squares

CHUNK = 25


@torch.no_grad()
def redraw(vqgan: VQGAN, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """What becomes of pictures, and how often each code is chosen."""
    drawn, counts = [], torch.zeros(vqgan.config.n_embed)
    for part in pictures.split(CHUNK):
        codes, numbers = vqgan.quantize(vqgan.encode(part))
        drawn.append(vqgan.decode(codes).clamp(-1, 1))
        counts += torch.bincount(numbers.flatten(), minlength=len(counts))
    return torch.cat(drawn), counts


def psnr(a: Tensor, b: Tensor) -> float:
    """Of pictures in [-1, 1], over all their pixels."""
    return 10 * math.log10(4 / float((a - b).square().mean()))


def row(name: str, pictures: Tensor, drawn: Tensor, perceptual: ImageNetDistance) -> str:
    """Figures of some pictures, a line of the table."""
    with torch.no_grad():
        pairs = zip(drawn.split(CHUNK), pictures.split(CHUNK), strict=True)
        distance = torch.cat([perceptual(a, b) for a, b in pairs]).mean()
    return f"| {name} | {len(pictures)} | {psnr(drawn, pictures):.2f} | {float(distance):.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--vqgan", type=Path, default=embedded_folder() / "vqgan")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/vqgan.md"))
    given = parser.parse_args()
    vqgan, perceptual = load_vqgan(given.vqgan), ImageNetDistance()
    images = LabelledImages(given.data, side="held_out")
    pictures, names = centre_squares(images, given.size, tuple(sorted(images.by_label)))
    labels = np.array(names)
    drawn, counts = redraw(vqgan, pictures)
    share = counts / counts.sum()
    perplexity = float(torch.special.entr(share).sum().exp())
    chosen = [torch.from_numpy(np.flatnonzero(labels == name)) for name in sorted(set(names))]
    rows = [
        row(name, pictures[here], drawn[here], perceptual)
        for name, here in zip(sorted(set(names)), chosen, strict=True)
    ]
    text = [
        "# The embedded VQGAN on held-out photographs",
        f"Written by `bench/vqgan.py`: centre squares of {len(pictures)} held-out photographs, redrawn at {given.size} pixels.",
        f"Of {len(counts)} codes {int((counts > 0).sum())} are chosen; the perplexity of the choice is {perplexity:.0f}.",
        "\n".join(
            [
                "| label | photographs | PSNR, dB | perceptual distance |",
                "|---|---:|---:|---:|",
                *rows,
                row("**all**", pictures, drawn, perceptual),
            ]
        ),
    ]
    given.output.write_text("\n\n".join(text) + "\n")
    print("\n".join(text[-2:]))


if __name__ == "__main__":
    main()
