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

    The sound tower first, in the run's folder sound/, then the image tower against it, in image/.
    """

    teacher: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """The unpacked wheel of aisfx 0.1.2, which the sound network learns from as well."""

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        import torch.nn.functional as F

        from soundini.config.presets import override
        from soundini.training.aisfx import AiSFX, taught_features
        from soundini.training.checkpoint import load_average
        from soundini.training.directions import class_directions
        from soundini.training.image_tower import train_image_tower
        from soundini.training.images import LabelledImages
        from soundini.training.packing import write_joint
        from soundini.training.recipe import JointRecipe, load_train_recipe
        from soundini.training.recordings import HeardWindows, load_recordings
        from soundini.training.sound_tower import SoundTower, train_sound_tower
        from soundini.training.sounds import sound_features

        recipe = override(load_train_recipe(JointRecipe, self.recipe), self.set)
        pack, joint = self.load_start()
        directions = class_directions(joint.dim)
        sound_run, image_run = self.run_folder / "sound", self.run_folder / "image"
        recordings = load_recordings(self.data, joint.mel)
        tower = SoundTower(joint.sound_network, joint.sound_head)
        network = AiSFX.from_wheel(self.teacher) if self.teacher else None
        taught = [taught_features(network, r) for r in recordings] if network else []
        windows = HeardWindows(recordings, taught)
        events = train_sound_tower(tower, directions, windows, recipe, sound_run)
        watch(events, sound_run, "sound tower")
        tower.load_state_dict(load_average(sound_run))
        tower.eval().requires_grad_(False)
        heard = sound_features(recordings, joint, gains_db=(0.0, -10.0))
        sounds = (F.normalize(joint.sound_head(heard.features), dim=-1), heard.targets)
        events = train_image_tower(
            joint.image_tower,
            pack.denoiser,
            LabelledImages(self.data),
            sounds,
            directions,
            recipe,
            image_run,
        )
        watch(events, image_run, "image tower")
        write_joint(sound_run, image_run, directions, pack, self.output)
        return 0
