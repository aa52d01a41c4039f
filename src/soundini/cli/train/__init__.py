"""``soundini train``: every model that this project trains."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, UseAppendAction, arg

from soundini.cli.train.options import PackOptions, RunOptions
from soundini.cli.train.sound_encoder import TrainSoundEncoder
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


@dataclass(frozen=True, kw_only=True)
class TrainJudge:
    """Fit the judge, which measures what edits show, on photographs that no other training sees."""

    data: Positional[Annotated[Path, arg(metavar="DATA")]]
    """A folder with images.csv (columns path and label)."""
    output: Annotated[Path, arg(metavar="FOLDER", aliases=("-o",))]
    """Where judge.safetensors and judge.json go."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """A setting of the fit, such as crops=2000."""

    def run(self) -> int:
        """Fit, measure and write."""
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from soundini.config.presets import override
        from soundini.events import PicturesSeen
        from soundini.training.judge import JudgeRecipe, fit_judge, write_judge

        recipe = override(JudgeRecipe(), self.set)
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            task = progress.add_task("looking at pictures", total=None)
            for event in fit_judge(self.data, recipe):
                if isinstance(event, PicturesSeen):
                    progress.update(task, completed=event.done, total=event.total)
                else:
                    write_judge(event, self.output)
                    for name, measured in event.card["held_out"].items():
                        progress.print(
                            f"held-out pictures, {name}: {measured['accuracy']:.1%} right, "
                            f"{measured['balanced']:.1%} with classes counting alike"
                        )
        return 0


@dataclass(frozen=True, kw_only=True)
class TrainPrior(PackOptions):
    """Train the diffusion prior on your own data, and write it as a model pack for --models.

    Several processes share a run: torchrun --nproc-per-node 2 -m -- soundini train prior ...
    """

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.config.presets import override
        from soundini.training.composites.crops import PLAIN, CompositeCrops, CompositeShares
        from soundini.training.composites.material import Photographs
        from soundini.training.distributed import Workers
        from soundini.training.images import LabelledImages
        from soundini.training.packing import write_prior
        from soundini.training.prior import HeldOutComposites, train_prior
        from soundini.training.recipe import PriorRecipe, load_train_recipe

        recipe = override(load_train_recipe(PriorRecipe, self.recipe), self.set)
        pack, joint = self.load_start(recipe.dtype)
        shares = CompositeShares(effects=recipe.effects) if recipe.effects else CompositeShares()
        workers = Workers.join()
        workers.check(recipe.batch)
        learned, held_out = (
            Photographs(LabelledImages(self.data, side=side, evenness=recipe.evenness))
            for side in ("train", "held_out")
        )
        crops = CompositeCrops(learned, shares, joint.prototypes)
        measured = None
        if workers.first and held_out.has(*PLAIN):
            unseen = CompositeCrops(held_out, shares, joint.prototypes)
            measured = HeldOutComposites.draw(unseen, min(recipe.sizes))
        events = train_prior(pack.denoiser, crops, measured, recipe, self.run_folder, workers)
        watch(events, self.run_folder, "prior", quiet=not workers.first)
        if workers.first:
            write_prior(self.run_folder, pack, self.output)
        workers.leave()
        return 0


@dataclass(frozen=True, kw_only=True)
class TrainVqgan(RunOptions):
    """Train the VQGAN of ``edit --method vqgan-clip`` on your own pictures."""

    data: Positional[Annotated[Path, arg(metavar="DATA")]]
    """A folder with images.csv (columns path and label)."""
    output: Annotated[Path, arg(metavar="FOLDER", aliases=("-o",))]
    """Where config.json and model.safetensors go; a pack looks for them in its own folder vqgan."""
    start: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Folder of a VQGAN to train further; by default training starts from random weights."""

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.baselines.vqgan.loading import load_vqgan
        from soundini.compute import pick_device, pick_dtype
        from soundini.config.presets import override
        from soundini.training.images import LabelledImages
        from soundini.training.packing import write_vqgan
        from soundini.training.recipe import VqganRecipe, load_train_recipe
        from soundini.training.vqgan import begin_vqgan, train_vqgan

        recipe = override(load_train_recipe(VqganRecipe, self.recipe), self.set)
        images = LabelledImages(self.data, evenness=recipe.evenness)
        vqgan = begin_vqgan(images, recipe) if self.start is None else load_vqgan(self.start)
        dtype = pick_dtype(recipe.dtype, pick_device("cpu"))
        events = train_vqgan(vqgan, images, recipe, self.run_folder, dtype)
        watch(events, self.run_folder, "VQGAN")
        write_vqgan(self.run_folder, vqgan.config, self.output)
        return 0


What = (
    Annotated[TrainPrior, tyro.conf.subcommand("prior")]
    | Annotated[TrainJoint, tyro.conf.subcommand("joint")]
    | Annotated[TrainSoundEncoder, tyro.conf.subcommand("sound-encoder")]
    | Annotated[TrainJudge, tyro.conf.subcommand("judge")]
    | Annotated[TrainVqgan, tyro.conf.subcommand("vqgan")]
)


@dataclass(frozen=True)
class Train:
    """Train models on your own data."""

    what: What

    def run(self) -> int:
        """Run the chosen subcommand."""
        return self.what.run()
