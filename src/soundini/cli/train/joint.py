"""``soundini train joint``: the joint space of sounds and images of a model pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from tyro.conf import arg

from soundini.cli.train.options import PackOptions
from soundini.cli.train.watch import watch

if TYPE_CHECKING:
    from torch import Tensor

    from soundini.joint.embedded import EmbeddedJointSpace
    from soundini.packs.pack import ModelPack
    from soundini.training.distributed import Workers
    from soundini.training.recipe import JointRecipe
    from soundini.training.recordings import Recording


@dataclass(frozen=True, kw_only=True)
class TrainJoint(PackOptions):
    """Train the joint space of sounds and images on your own data, and write it as a model pack for --models.

    The sound tower first, in the run's folder sound/, then the image tower against it, in image/; then it is attacked by
    guidance and trained on with what that drew, in image-1/ and so on. Several processes share a run, with torchrun.
    """

    teacher: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """The unpacked wheel of aisfx 0.1.2: the sound network becomes its network, with a head fitted to your data."""

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.config.presets import override
        from soundini.training.directions import class_directions
        from soundini.training.distributed import Workers
        from soundini.training.packing import write_joint
        from soundini.training.recipe import JointRecipe, load_train_recipe
        from soundini.training.recordings import load_recordings
        from soundini.training.sounds import sound_features

        recipe = override(load_train_recipe(JointRecipe, self.recipe), self.set)
        pack, start = self.load_start(recipe.dtype)
        workers = Workers.join()
        for batch in (recipe.batch, recipe.sound_batch):
            workers.check(batch)
        directions = class_directions(start.dim)
        joint = _with_classes(start, directions)
        recordings = load_recordings(self.data, joint.mel)
        if recipe.sound_steps or self.teacher is not None:
            self._hear(joint, recordings, recipe, workers)
        if recipe.steps:
            heard = sound_features(recordings, joint, gains_db=(0.0, -10.0))
            sounds = (joint.embed_features(heard.features), heard.targets)
            self._see(pack, joint, directions, sounds, recipe, workers)
        if workers.first:
            write_joint(joint, directions, pack, self.output)
        workers.leave()
        return 0

    def _hear(
        self,
        joint: EmbeddedJointSpace,
        recordings: Sequence[Recording],
        recipe: JointRecipe,
        workers: Workers,
    ) -> None:
        """Take the sound tower from the teacher, where there is one, and train it on."""
        from soundini.joint.towers import SoundHead, SoundNetwork
        from soundini.training.aisfx import AiSFX, taught_features
        from soundini.training.checkpoint import load_average
        from soundini.training.recordings import HeardWindows
        from soundini.training.sound_head import fit_sound_head, gather, listen_to
        from soundini.training.sound_tower import SoundTower, train_sound_tower

        run = self.run_folder / "sound"
        tower = SoundTower(joint.sound_network, joint.sound_head)
        network = AiSFX.from_wheel(self.teacher) if self.teacher else None
        if network is not None:
            hears, head = cast(SoundNetwork, joint.sound_network), cast(SoundHead, joint.sound_head)
            network.fold_into(hears)
            steps = listen_to(joint, recordings)
            examples = gather(hears, recordings, steps, seed=recipe.seed)
            temperature = fit_sound_head(head, examples)
            print(f"sound head: temperature {temperature:.2f}", flush=True)
        if not recipe.sound_steps:
            return
        taught = [taught_features(network, r) for r in recordings] if network else []
        windows = HeardWindows(recordings, taught)
        events = train_sound_tower(tower, windows, recipe, run, workers)
        watch(events, run, "sound tower", quiet=not workers.first)
        workers.wait()
        tower.load_state_dict(load_average(run))
        tower.eval().requires_grad_(False)

    def _see(
        self,
        pack: ModelPack,
        joint: EmbeddedJointSpace,
        directions: Mapping[str, Tensor],
        sounds: tuple[Tensor, Tensor],
        recipe: JointRecipe,
        workers: Workers,
    ) -> None:
        """Train the image tower, attack it and train it on."""
        import torch

        from soundini.joint.towers import ImageTower
        from soundini.judge.judge import Judge
        from soundini.training.attacks import Attacks, attack
        from soundini.training.checkpoint import load_average
        from soundini.training.classes import CLASSES
        from soundini.training.image_head import fit_image_head
        from soundini.training.image_tower import train_image_tower
        from soundini.training.images import LabelledImages

        images, tower = LabelledImages(self.data), joint.image_tower
        basis = torch.stack([directions[name] for name in CLASSES])
        judge = Judge.from_package() if recipe.rounds else None
        parts: list[Attacks] = []
        for number in range(recipe.rounds + 1):
            run = self.run_folder / (f"image-{number}" if number else "image")
            given = Attacks.joined(parts) if parts else None
            mine = recipe.round(number)
            events = train_image_tower(
                tower, pack.denoiser, images, sounds, directions, mine, run, given, workers
            )
            watch(events, run, "image tower", quiet=not workers.first)
            workers.wait()
            tower.load_state_dict(load_average(run))
            tower.eval().requires_grad_(False)
            if judge is not None:
                seed, count = recipe.seed + number, recipe.round_batches
                drawn = list(attack(pack, basis, images, judge, batches=count, seed=seed))
                fresh = Attacks.joined(drawn)
                if workers.first:
                    print(
                        f"round {number}: {fresh.fooled():.0%} of guided pictures fool the tower; "
                        f"tower and judge agree by {fresh.agreement():.2f}",
                        flush=True,
                    )
                parts.append(fresh)
        if recipe.head_batches:
            fit_image_head(cast(ImageTower, tower), basis, pack.denoiser, images, recipe)


def _with_classes(
    joint: EmbeddedJointSpace, directions: Mapping[str, Tensor]
) -> EmbeddedJointSpace:
    """The joint space with a direction and a row of its head for each class; as it is where it has them."""
    from soundini.joint.embedded import EmbeddedJointSpace
    from soundini.joint.towers import SoundHead, SoundNetwork

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
