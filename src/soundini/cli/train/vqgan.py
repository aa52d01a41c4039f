"""``soundini train vqgan``: the image model of the baseline VQGAN+CLIP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from soundini.cli.train.options import RunOptions
from soundini.cli.train.watch import watch


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
