"""``soundini train joint``: the joint space of sounds and images of a model pack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from soundini.cli.train.options import PackOptions
from soundini.cli.train.watch import watch


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
        from soundini.training.distributed import Workers
        from soundini.training.joint import train_joint, with_classes
        from soundini.training.packing import write_joint
        from soundini.training.recipe import JointRecipe, load_train_recipe

        recipe = override(load_train_recipe(JointRecipe, self.recipe), self.set)
        pack, start = self.load_start(recipe.dtype)
        workers = Workers.join()
        joint = with_classes(start)
        events = train_joint(
            joint,
            pack,
            self.data,
            recipe,
            self.run_folder,
            teacher=self.teacher,
            workers=workers,
        )
        watch(events, self.run_folder, "joint space", quiet=not workers.first)
        if workers.first:
            write_joint(joint, pack, self.output)
        workers.leave()
        return 0
