"""``soundini train prior``: the diffusion prior of a model pack."""

from __future__ import annotations

from dataclasses import dataclass

from soundini.cli.train.options import PackOptions
from soundini.cli.train.watch import watch


@dataclass(frozen=True, kw_only=True)
class TrainPrior(PackOptions):
    """Train the diffusion prior on your own data, and write it as a model pack for --models.

    Several processes share a run: torchrun --nproc-per-node 2 -m -- soundini train prior ...
    """

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.config.presets import override
        from soundini.training.composites.crops import PLAIN, CompositeCrops, CompositeShares
        from soundini.training.composites.photographs import Photographs
        from soundini.training.distributed import Workers
        from soundini.training.held_out import HeldOutComposites
        from soundini.training.images import LabelledImages
        from soundini.training.packing import write_prior
        from soundini.training.prior import train_prior
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
