"""The diffusion prior on composites of held-out photographs: its loss by class and noise level, and what it draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from soundini.evaluation.shown import save_pictures
from soundini.evaluation.subject import Subject, joint_of, pack_digest
from soundini.events import ItemMeasured
from soundini.packs.pack import ModelPack
from soundini.training.composites.crops import CompositeCrops
from soundini.training.composites.material import Photographs
from soundini.training.directions import class_directions
from soundini.training.images import LabelledImages
from soundini.training.prior import HeldOutComposites, draw_samples

PART = "prior"


@dataclass(frozen=True)
class PriorFigures:
    """A prior, shown the source or not.

    Args:
        name: of the pack: "models" for the pack that is evaluated, "baseline" for the other.
        seen: whether it is shown the source and the mask.
        losses: mean squared error of v by class, then by timestep.
        kinds: the classes that are shown.
        shown: file of the pictures for sheets, within the run's folder.
    """

    name: str
    seen: bool
    losses: dict[str, dict[str, float]]
    kinds: list[str]
    shown: str


def evaluate_prior(subject: Subject, baseline: ModelPack | None = None) -> Iterator[ItemMeasured]:
    """Measure the prior, and another one to compare it to, with the source shown and withheld.

    Every prior gets the same composites and the same noise.

    Yields:
        :class:`ItemMeasured` with the fields of :class:`PriorFigures`.
    """
    packs = {"models": subject.pack} | ({} if baseline is None else {"baseline": baseline})
    common = {"part": PART, **subject.settings.model_dump(include={"seed", "sample_size"})}
    jobs = [
        (name, pack, seen)
        for name, pack in packs.items()
        for seen in ((False, True) if pack.denoiser.sees_source else (False,))
    ]
    for done, (name, pack, seen) in enumerate(jobs, 1):
        what = {**common, "name": name, "seen": seen, "measured": pack_digest(pack)}
        measure = partial(_measure, subject, name, pack, seen, subject.kept(what))
        yield ItemMeasured(PART, done, len(jobs), subject.item(measure, what))


def _measure(subject: Subject, name: str, pack: ModelPack, seen: bool, shown: str) -> PriorFigures:
    settings = subject.settings
    photographs = Photographs(LabelledImages(subject.data, side="held_out"))
    joint = joint_of(pack)
    crops = CompositeCrops(
        photographs, directions=class_directions(joint.dim) | dict(joint.prototypes)
    )
    held_out = HeldOutComposites.draw(crops, settings.sample_size, settings.seed)
    composed = held_out.shown
    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.randn(composed.target.shape, generator=generator)
    view = composed.seen if seen else None
    condition = composed.condition if pack.denoiser.condition is not None else None
    with torch.no_grad():
        drawn = draw_samples(pack.denoiser, noise, condition, view)
    pictures = {"source": composed.seen[:, :3], "drawn": drawn, "composed": composed.target}
    save_pictures(subject.journal.folder / shown, {k: _pixels(v) for k, v in pictures.items()})
    losses = held_out.losses(pack.denoiser, withheld=not seen)
    by_name = {kind: {str(t): loss for t, loss in row.items()} for kind, row in losses.items()}
    return PriorFigures(name, seen, by_name, composed.kinds, shown)


def label_of(figure: PriorFigures) -> str:
    """How reports call a prior."""
    return f"{figure.name}, source {'shown' if figure.seen else 'withheld'}"


def _pixels(pictures: Tensor) -> np.ndarray:
    """``[..., 3, S, S]`` in [-1, 1] -> ``uint8 [..., S, S, 3]``."""
    return ((pictures + 1) * 127.5).round().byte().movedim(-3, -1).contiguous().numpy()
