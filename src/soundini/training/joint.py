"""Training of the joint space: the sound tower first, then the image tower against it, in rounds of attacks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from soundini.joint.embedded import EmbeddedJointSpace
from soundini.joint.towers import ImageTower, SoundHead, SoundNetwork
from soundini.judge.judge import Judge
from soundini.packs.pack import ModelPack
from soundini.training.aisfx import AiSFX, taught_features
from soundini.training.attacks import Attacks, attack
from soundini.training.classes import CLASSES
from soundini.training.directions import class_directions
from soundini.training.distributed import Workers
from soundini.training.events import (
    CheckpointSaved,
    HeadFitted,
    StageBegun,
    TowerAttacked,
    TrainStep,
)
from soundini.training.image_tower import fit_image_head, train_image_tower
from soundini.training.images import LabelledImages
from soundini.training.recipe import JointRecipe
from soundini.training.recordings import HeardWindows, Recording, load_recordings
from soundini.training.sound_head import fit_sound_head, gather, listen_to
from soundini.training.sound_tower import SoundTower, train_sound_tower
from soundini.training.sounds import sound_features
from soundini.training.trainer import load_average

JointEvent = HeadFitted | StageBegun | TrainStep | CheckpointSaved | TowerAttacked

_GAINS_DB = (0.0, -10.0)
"""Levels at which the image tower meets every sound."""


def with_classes(joint: EmbeddedJointSpace) -> EmbeddedJointSpace:
    """A joint space with a direction and a row of its head for each class that is trained.

    It takes over the towers of the given one. Only a head that names other classes is made anew, with random weights.
    """
    directions = class_directions(joint.dim)
    head = joint.sound_head
    if set(joint.prototypes) != set(directions):
        head = SoundHead(len(directions), cast(SoundNetwork, joint.sound_network).width)
    return EmbeddedJointSpace(
        joint.image_tower,
        joint.sound_network,
        head,
        prototypes=directions,
        image_size=joint.image_size,
        mel=joint.mel,
    )


def train_joint(
    joint: EmbeddedJointSpace,
    pack: ModelPack,
    data: Path,
    recipe: JointRecipe,
    folder: Path,
    *,
    teacher: Path | None = None,
    workers: Workers = Workers(),  # noqa: B008 -- frozen
) -> Iterator[JointEvent]:
    """Train both towers of a joint space in place; resumes from ``folder``.

    The sound tower learns first, in ``sound/``; then the image tower against it, in ``image/``. Guidance then attacks
    the image tower, which is trained on with the pictures of that, in ``image-1/`` and so on.

    Args:
        joint: the joint space, of :func:`with_classes`.
        pack: the pack it is part of, whose prior the attacks use.
        data: folder with ``images.csv`` and ``sounds.csv``.
        recipe: settings.
        folder: of the run.
        teacher: the unpacked wheel of aisfx 0.1.2, or None.
        workers: the processes that share the work.

    Yields:
        :class:`HeadFitted` where there is a teacher; :class:`StageBegun` before the events of each tower or round;
        :class:`TowerAttacked` after each attack.

    Raises:
        ConfigError: a batch does not divide among the processes, or the run is of another network.
        MediaError: the data cannot be read.
        ModelError: the teacher cannot be loaded.
    """
    for batch in (recipe.batch, recipe.sound_batch):
        workers.check(batch)
    recordings = load_recordings(data, joint.mel)
    if recipe.sound_steps or teacher is not None:
        yield from _train_sound(joint, recordings, recipe, folder / "sound", teacher, workers)
    if recipe.steps:
        features = sound_features(recordings, joint, gains_db=_GAINS_DB)
        sounds = (joint.embed_features(features.features), features.targets)
        images = LabelledImages(data)
        yield from _train_image(joint, pack, images, sounds, recipe, folder, workers)


def _train_sound(
    joint: EmbeddedJointSpace,
    recordings: Sequence[Recording],
    recipe: JointRecipe,
    folder: Path,
    teacher: Path | None,
    workers: Workers,
) -> Iterator[JointEvent]:
    """Take the sound network from the teacher, where there is one, and train the tower on."""
    taught = []
    if teacher is not None:
        aisfx = AiSFX.from_wheel(teacher)
        network = cast(SoundNetwork, joint.sound_network)
        aisfx.fold_into(network)
        examples = gather(network, recordings, listen_to(joint, recordings), seed=recipe.seed)
        yield HeadFitted(fit_sound_head(cast(SoundHead, joint.sound_head), examples))
        taught = [taught_features(aisfx, recording) for recording in recordings]
    if recipe.sound_steps:
        tower = SoundTower(joint.sound_network, joint.sound_head)
        yield StageBegun("sound tower", folder)
        windows = HeardWindows(recordings, taught)
        yield from train_sound_tower(tower, windows, recipe, folder, workers)
        _take_average(tower, folder, workers)


def _train_image(
    joint: EmbeddedJointSpace,
    pack: ModelPack,
    images: LabelledImages,
    sounds: tuple[Tensor, Tensor],
    recipe: JointRecipe,
    folder: Path,
    workers: Workers,
) -> Iterator[JointEvent]:
    """Train the image tower; then, in each round, attack it and train it on with the pictures of the attack."""
    tower, directions = joint.image_tower, joint.prototypes
    basis = torch.stack([directions[name] for name in CLASSES])
    judge = Judge.from_package() if recipe.rounds else None
    drawn: list[Attacks] = []
    for number in range(recipe.rounds + 1):
        run = folder / (f"image-{number}" if number else "image")
        yield StageBegun("image tower", run)
        yield from train_image_tower(
            tower,
            pack.denoiser,
            images,
            sounds,
            directions,
            recipe.round(number),
            run,
            Attacks.joined(drawn) if drawn else None,
            workers,
        )
        _take_average(tower, run, workers)
        if judge is not None:
            seed, count = recipe.seed + number, recipe.round_batches
            fresh = Attacks.joined(
                list(attack(pack, basis, images, judge, batches=count, seed=seed))
            )
            yield TowerAttacked(number, fresh.fooled(), fresh.agreement())
            drawn.append(fresh)
    if recipe.head_batches:
        fit_image_head(cast(ImageTower, tower), basis, pack.denoiser, images, recipe)


def _take_average(tower: nn.Module, run: Path, workers: Workers) -> None:
    """Put the running average of a finished run into the tower."""
    workers.wait()
    tower.load_state_dict(load_average(run))
    tower.eval().requires_grad_(False)
