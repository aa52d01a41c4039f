"""``soundini train``: the embedded models, on a folder of data, into a model pack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from soundini.errors import ConfigError


@dataclass(frozen=True)
class Train:
    """Train the embedded models on your own data, and write them as a model pack for --models.

    Several processes share a run: torchrun --nproc-per-node 2 -m soundini train ...
    """

    what: Positional[Literal["prior", "joint"]]
    """The diffusion prior, or the joint space of sounds and images."""
    data: Positional[Annotated[Path, arg(metavar="DATA")]]
    """A folder with images.csv and sounds.csv (columns path and label)."""
    run_folder: Annotated[Path, arg(name="run", metavar="FOLDER")]
    """Where checkpoints, samples and logs lie; an interrupted run goes on from there."""
    output: Annotated[Path, arg(metavar="PACK", aliases=("-o",))]
    """The pack's folder."""
    start: Annotated[str, arg(metavar="PACK")] = "embedded"
    """The pack whose weights are trained further."""
    recipe: Annotated[Path | None, arg(metavar="YAML")] = None
    """Settings of the training; without one, those of the shipped weights."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """A setting of the recipe, such as steps=200."""

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.config.presets import override
        from soundini.joint.embedded import EmbeddedJointSpace
        from soundini.packs.pack import load_pack
        from soundini.training import packing
        from soundini.training.conditions import HeardPictures, sound_conditions
        from soundini.training.distributed import Workers
        from soundini.training.images import LabelledImages
        from soundini.training.joint import JointTowers, train_joint
        from soundini.training.prior import train_prior
        from soundini.training.recipe import JointRecipe, PriorRecipe, load_train_recipe
        from soundini.training.sounds import sound_features

        kind = PriorRecipe if self.what == "prior" else JointRecipe
        recipe = override(load_train_recipe(kind, self.recipe), self.set)
        pack = load_pack(self.start)
        if not isinstance(pack.joint, EmbeddedJointSpace):
            raise ConfigError(f"{self.start} has no embedded joint space; use --start embedded")
        images = LabelledImages(self.data)
        sounds = sound_features(self.data, pack.joint)
        if isinstance(recipe, JointRecipe):
            towers = JointTowers(pack.joint.image_tower, pack.joint.sound_head)
            self._watch(train_joint(towers, pack.denoiser, images, sounds, recipe, self.run_folder))
            packing.write_joint(self.run_folder, pack, towers, images, sounds, self.output)
        else:
            workers = Workers.join()
            if recipe.batch % workers.count:
                raise ConfigError(
                    f"batch={recipe.batch} does not divide among {workers.count} processes"
                )
            pictures = HeardPictures(images, sound_conditions(pack.joint, sounds))
            events = train_prior(pack.denoiser, pictures, recipe, self.run_folder, workers)
            self._watch(events, quiet=not workers.first)
            if workers.first:
                packing.write_prior(self.run_folder, pack, self.output)
            workers.leave()
        return 0

    def _watch(self, events: Iterable[object], *, quiet: bool = False) -> None:
        """Show and log what a run yields."""
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from soundini.cli.picture import strip, write_png
        from soundini.events import SamplesReady, TrainStep
        from soundini.training.log import TrainLog

        if quiet:
            for _ in events:
                pass
            return
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        log: TrainLog | None = None
        with Progress(*columns) as progress:
            task = progress.add_task(f"training the {self.what}", total=None)
            for event in events:
                if isinstance(event, TrainStep):
                    log = log or TrainLog(self.run_folder, event.step - 1)
                    log.add(event)
                    progress.update(
                        task,
                        completed=event.step,
                        total=event.total,
                        description=f"training the {self.what}, loss {event.loss:.4f}",
                    )
                elif isinstance(event, SamplesReady):
                    path = self.run_folder / f"samples-{event.step:06d}.png"
                    write_png(path, strip([list(event.pictures.values())]))
        if log is not None:
            log.close()
