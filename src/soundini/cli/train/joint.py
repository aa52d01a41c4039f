"""``soundini train joint``: the joint space of sounds and images of a model pack."""

from __future__ import annotations

from dataclasses import dataclass

from soundini.cli.train.options import PackOptions
from soundini.cli.train.watch import watch


@dataclass(frozen=True, kw_only=True)
class TrainJoint(PackOptions):
    """Train the joint space of sounds and images on your own data, and write it as a model pack for --models."""

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.config.presets import override
        from soundini.training.images import LabelledImages
        from soundini.training.joint import JointTowers, train_joint
        from soundini.training.packing import write_joint
        from soundini.training.recipe import JointRecipe, load_train_recipe
        from soundini.training.sounds import sound_features

        recipe = override(load_train_recipe(JointRecipe, self.recipe), self.set)
        pack, joint = self.load_start()
        images = LabelledImages(self.data)
        sounds = sound_features(self.data, joint)
        towers = JointTowers(joint.image_tower, joint.sound_head)
        events = train_joint(towers, pack.denoiser, images, sounds, recipe, self.run_folder)
        watch(events, self.run_folder, "joint space")
        write_joint(self.run_folder, pack, towers, images, sounds, self.output)
        return 0
