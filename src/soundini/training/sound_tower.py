"""Training of the embedded sound tower: towards its classes, and itself under SpecAugment."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.joint.embedded import TEMPERATURE
from soundini.joint.listening import Steps, pool_steps
from soundini.training.classes import CLASSES
from soundini.training.directions import mean_shares
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.recipe import JointRecipe
from soundini.training.recordings import Heard, HeardWindows
from soundini.training.sound_head import power_of
from soundini.training.sound_windows import spec_augment
from soundini.training.trainer import Trainer, adamw, lr_factor

_ORDER = [sorted(CLASSES).index(name) for name in CLASSES]
"""A head's classes are in the order of their names."""

_COUNTED = 8
"""Batches over which it is counted how common each class is."""


class SoundTower(nn.Module):
    """The sound network and its head, trained as one.

    Shape:
        ``windows``: ``[B, time, mel]``, log-mel; returns ``[B, classes]``, log probabilities but for a constant, in the order of
        :data:`soundini.training.classes.CLASSES`.
    """

    def __init__(self, network: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.network, self.head = network, head

    def forward(self, windows: Tensor) -> Tensor:
        """Say what windows are of."""
        return self.say(self.network(windows), windows)

    def say(self, features: Tensor, windows: Tensor) -> Tensor:
        """The same, of features that the network said already: ``[B, D, steps]``."""
        return self.head(pool_steps(Steps.of(features, power_of(windows))))[:, _ORDER]


def train_sound_tower(
    tower: SoundTower,
    windows: HeardWindows,
    recipe: JointRecipe,
    folder: Path,
    workers: Workers = Workers(),  # noqa: B008 -- frozen
) -> Iterator[TrainStep | CheckpointSaved]:
    """Train the sound tower, yielding after every step; resumes from ``folder``, bit for bit.

    L = cross-entropy of what is said against what is heard, of each window and of a SpecAugmented copy of it
    + ``self_pairs`` · InfoNCE between the two (Lee et al. 2022, arXiv 2112.00007)
    + ``teacher`` · (1 - cos) of the network's features, at their maximum over time, to the teacher's, both less the teacher's
    mean (distillation): where a window is heard alone, and only where there is a teacher.

    Args:
        tower: network and head; their weights are trained in place.
        windows: what is heard.
        recipe: settings; ``sound_steps``, ``sound_batch``, ``sound_lr``.
        folder: where ``last.safetensors`` is kept.
        workers: the processes that share the work.

    Yields:
        :class:`TrainStep` after every step, :class:`CheckpointSaved` after every save.
    """
    # Batch norm keeps the statistics it came with: those of blanked and quiet windows are not those of plain ones.
    tower.eval().requires_grad_(True)
    rng = np.random.default_rng(recipe.seed)
    common = mean_shares(windows.draw(recipe.sound_batch, rng).targets for _ in range(_COUNTED))
    rates = [(tower.network, 0.3 * recipe.sound_lr), (tower.head, recipe.sound_lr)]
    trainer = Trainer(tower, adamw(rates), recipe, folder, recipe.sound_steps, workers)
    for step in range(trainer.done, recipe.sound_steps):
        rng = np.random.default_rng((recipe.seed, step))
        heard = windows.draw(recipe.sound_batch, rng)
        views = [workers.part(view) for view in (heard.windows, _blanked(heard.windows, rng))]
        said = tower.network(torch.cat(views))
        logits = torch.cat(
            [workers.gather(part) for part in tower.say(said, torch.cat(views)).chunk(2)]
        )
        features = torch.cat([workers.gather(part) for part in said.amax(2).chunk(2)])
        told = F.cross_entropy(logits + common.log(), heard.targets.repeat(2, 1))
        one, two = F.normalize(logits - logits.mean(1, keepdim=True), dim=-1).chunk(2)
        itself = F.cross_entropy(one @ two.T / TEMPERATURE, torch.arange(len(one)))
        apart = _apart(features, heard)
        loss = told + recipe.self_pairs * itself + recipe.teacher * apart
        factor = lr_factor(step, recipe.sound_steps, warmup=50, decay=0.6)
        yield from trainer.learn(step, loss, factor, {"classes": told, "teacher": apart})


def _blanked(windows: Tensor, rng: np.random.Generator) -> Tensor:
    """A copy of each window with bands and spans blanked: ``[B, time, mel]``."""
    blanked = [
        spec_augment(window.T, rng, masks=2, max_frequency=0.15, max_time=0.3).T
        for window in windows
    ]
    return torch.stack(blanked)


def _apart(features: Tensor, heard: Heard) -> Tensor:
    """How far the features of both views are from what the teacher says of windows that are heard alone."""
    if heard.taught is None or not heard.alone.any():
        return features.new_zeros(())
    features = features[:, : heard.taught.shape[1]]  # the last stage, which is the teacher's
    centre = heard.taught.mean(0)
    said = (heard.taught - centre)[heard.alone].repeat(2, 1)
    mine = (features - centre)[heard.alone.repeat(2)]
    return (1 - F.cosine_similarity(mine, said, dim=-1)).mean() + F.mse_loss(mine, said)
