"""Edits one window by VQGAN+CLIP, with the pack's VQGAN and the guidance terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch import Tensor

from soundini.baselines.vqgan.loading import load_vqgan
from soundini.baselines.vqgan.optimise import CodedFrames, optimise_codes
from soundini.compute import pick_dtype
from soundini.config.recipe import Recipe
from soundini.diffusion.sampling import SamplingStep
from soundini.editing.window import WindowInputs, guidance_terms
from soundini.guidance.compose import WeightedTerm
from soundini.packs.pack import ModelPack
from soundini.packs.vqgan import vqgan_folder


def optimise_window(
    pack: ModelPack, inputs: WindowInputs, recipe: Recipe
) -> Iterator[SamplingStep]:
    """Edit one window by optimising codes; the last step's ``x`` holds the edited frames.

    Args:
        pack: the models; of the diffusion model nothing is used but where it lies.
        inputs: the frames.
        recipe: settings that couple no frames.

    Yields:
        :class:`soundini.diffusion.sampling.SamplingStep` each time that as many frames were evaluated as are audible.

    Raises:
        ModelError: the VQGAN is missing or damaged.
    """
    device = inputs.source.device
    vqgan = load_vqgan(vqgan_folder(pack, recipe.vqgan.weights)).to(device)

    def terms(rows: Tensor) -> Sequence[WeightedTerm]:
        here = rows.to(device)
        part = replace(
            inputs,
            indices=tuple(inputs.indices[int(row)] for row in rows),
            source=inputs.source[here],
            mask=inputs.mask[here],
            sound_embeds=inputs.sound_embeds[here],
            strength=inputs.strength[here],
        )
        return guidance_terms(pack, part, recipe)

    frames = CodedFrames(inputs.indices, inputs.source, inputs.mask, inputs.strength, inputs.anchor)
    yield from optimise_codes(
        vqgan,
        frames,
        terms,
        recipe.vqgan,
        seed=recipe.seed,
        chunk=recipe.compute.frames_at_once,
        dtype=pick_dtype(recipe.compute.dtype, device),
    )
