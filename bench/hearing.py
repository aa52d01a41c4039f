"""How well a linear probe on the sound network tells all recordings apart, each by probes that were fitted without it.

    python bench/hearing.py DATA [--teacher FOLDER] [--folds 6] [-o docs/hearing.md]

`soundini evaluate embedded` tells 78 held-out recordings by the shipped head: those of the sea are of five groups, one of them a
steady hum. This is what to expect of the network on a recording it has not heard, over every recording there is: those of one
group (takes, neighbouring files of a source) lie in one fold, and every fold is told by a probe of the others. With the unpacked
wheel of aisfx 0.1.2, the same for the network that ours was made from: what a better student could gain.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from soundini.evaluation.subject import joint_of
from soundini.joint.embedded import log_power
from soundini.judge.confusion import Confusion
from soundini.packs.loading import load_pack
from soundini.training.aisfx import AiSFX
from soundini.training.classes import CLASSES
from soundini.training.probe import example_weights, fit_probe
from soundini.training.recordings import Recording, load_recordings

WINDOWS = 10
"""Windows of each recording at most, spread over it."""

PENALTY = 0.1


@torch.no_grad()
def hear(
    recordings: Sequence[Recording], network: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Features of windows, their classes, and the number of each window's recording."""
    features, numbers = [], []
    for number, recording in enumerate(recordings):
        windows = recording.windows()
        chosen = np.linspace(0, len(windows) - 1, min(len(windows), WINDOWS)).astype(int)
        features.append(network(log_power(windows[chosen])))
        numbers.append(torch.full((len(chosen),), number))
    number = torch.cat(numbers)
    return torch.cat(features), torch.tensor([r.kind for r in recordings])[number], number


def cross_validate(
    recordings: Sequence[Recording], network: Callable[[Tensor], Tensor], folds: int
) -> Confusion:
    """Tell the windows of every fold by a probe of the other folds, in which classes count alike."""
    features, kinds, numbers = hear(recordings, network)
    groups = sorted({recording.group for recording in recordings})
    np.random.default_rng(0).shuffle(groups)
    fold_of = {group: place % folds for place, group in enumerate(groups)}
    fold = torch.tensor([fold_of[recording.group] for recording in recordings])[numbers]
    taken = torch.zeros_like(kinds)
    for held_out in range(folds):
        known = fold != held_out
        targets = torch.eye(len(CLASSES))[kinds[known]]
        share = example_weights(kinds[known], torch.ones(len(CLASSES)))
        probe = fit_probe(features[known], targets, share, PENALTY)
        taken[~known] = probe.logits(features[~known]).argmax(1)
    return Confusion.of(CLASSES, kinds.tolist(), taken.tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", default="embedded")
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/hearing.md"))
    given = parser.parse_args()
    joint = joint_of(load_pack(given.models))
    recordings = [
        *load_recordings(given.data, joint.mel),
        *load_recordings(given.data, joint.mel, side="held_out"),
    ]
    networks = {"The sound network of the pack": joint.sound_network}
    if given.teacher:
        teacher = AiSFX.from_wheel(given.teacher)
        networks["aiSFX, which it was made from"] = lambda windows: teacher(windows).amax(2)
    made = (
        f"Written by `bench/hearing.py`: windows of {len(recordings)} recordings, each told by a linear probe fitted on the "
        f"other folds of {given.folds}. Rows are the truth."
    )
    parts = ["# Hearing, cross-validated", made]
    for name, network in networks.items():
        found = cross_validate(recordings, network, given.folds)
        says = f"{found.accuracy:.1%} of {found.counts.sum()} windows; {found.balanced:.1%} with classes counting alike."
        parts += [f"## {name}", says, found.markdown()]
        print(name, says, flush=True)
    given.output.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
