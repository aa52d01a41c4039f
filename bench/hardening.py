"""How often guidance fools the image tower, and what two ways of hardening it without training change.

    python bench/hardening.py DATA [--models PACK] [--second PACK] [--batches 4] [-o docs/hardening.md]

Guidance alone turns neutral pictures into effects, as in `soundini train joint`: by the pack's tower; by its gradient smoothed
over noisy copies (SmoothGrad, arXiv 1706.03825); and, where a second pack is named, by the mean of both packs' towers. The judge
says what the pictures show. All ways get the same pictures, noise and strengths.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.evaluation.subject import joint_of
from soundini.judge import Judge
from soundini.packs.loading import load_pack
from soundini.packs.pack import ModelPack
from soundini.training.attacks import Attacks, attack
from soundini.training.classes import CLASSES
from soundini.training.images import LabelledImages

COPIES, SPREAD = 4, 0.1
"""Noisy copies of each view, and the standard deviation of their noise for pixels in [-1, 1]."""


class Smoothed(nn.Module):
    """The mean embedding of noisy copies: its gradient is the mean of theirs."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower
        self.chance = torch.Generator().manual_seed(0)

    def forward(self, x: Tensor) -> Tensor:
        copies = x.repeat(COPIES, 1, 1, 1)
        noise = torch.randn(copies.shape, generator=self.chance)
        return (
            F.normalize(self.tower(copies + SPREAD * noise), dim=-1)
            .view(COPIES, len(x), -1)
            .mean(0)
        )


class Mean(nn.Module):
    """The mean of what several towers say."""

    def __init__(self, *towers: nn.Module) -> None:
        super().__init__()
        self.towers = nn.ModuleList(towers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([F.normalize(tower(x), dim=-1) for tower in self.towers]).mean(0)


def ways(pack: ModelPack, second: ModelPack | None) -> Iterator[tuple[str, nn.Module]]:
    """What each way puts in the tower's place."""
    tower = joint_of(pack).image_tower
    yield "the tower", tower
    yield f"its gradient over {COPIES} noisy copies", Smoothed(tower)
    if second is not None:
        yield "the mean of two towers", Mean(tower, joint_of(second).image_tower)


def figures(name: str, drawn: Attacks) -> str:
    """A row of the table."""
    rows = torch.arange(len(drawn.asked))
    felt, seen = (float(p[rows, drawn.asked].mean()) for p in (drawn.felt, drawn.seen))
    return f"| {name} | {felt:.2f} | {seen:.2f} | {drawn.fooled():.0%} | {drawn.agreement():.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", default="embedded")
    parser.add_argument("--second")
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/hardening.md"))
    given = parser.parse_args()
    pack, judge = load_pack(given.models), Judge.from_package()
    second = load_pack(given.second) if given.second else None
    joint = joint_of(pack)
    directions = torch.stack([joint.prototypes[name] for name in CLASSES])
    images = LabelledImages(given.data, side="held_out")
    table = [
        "| guidance by | probability of what was asked: tower | judge | fooled | agreement |",
        "|---|---|---|---|---|",
    ]
    for name, tower in ways(pack, second):
        joint.image_tower = tower
        drawn = list(attack(pack, directions, images, judge, batches=given.batches, seed=99))
        table.append(figures(name, Attacks.joined(drawn)))
        print(table[-1], flush=True)
    made = f"Written by `bench/hardening.py`, {16 * given.batches} held-out neutral pictures."
    given.output.write_text("\n".join(["# Hardening of the image tower", "", made, "", *table, ""]))


if __name__ == "__main__":
    main()
