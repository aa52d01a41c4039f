"""Edits one window by a baseline that does not sample its frames: through layered atlases, or by the codes of a VQGAN."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.baselines.blended_diffusion import uncoupled
from soundini.baselines.layered_atlases.clip_points import ClipPoints
from soundini.baselines.layered_atlases.fitting import FitStep, fit_layers
from soundini.baselines.layered_atlases.picture import crop_region, draw_picture, lay_edit, lay_out
from soundini.baselines.vqgan.loading import load_vqgan
from soundini.baselines.vqgan.optimise import CodedFrames, optimise_codes
from soundini.compute import pick_dtype
from soundini.config.recipe import Recipe
from soundini.diffusion.noise import stable_seed
from soundini.diffusion.sampling import SamplingStep
from soundini.editing.window import WindowInputs, guidance_terms, sample_window
from soundini.guidance.compose import WeightedTerm
from soundini.packs.pack import ModelPack
from soundini.packs.paper import vqgan_folder


def still_picture(recipe: Recipe) -> Recipe:
    """Settings of the baseline: one frame at a time, the same noise in every window, the source held outside the mask."""
    return uncoupled(recipe, "shared")


def edit_through_atlases(
    pack: ModelPack, inputs: WindowInputs, recipe: Recipe
) -> Iterator[SamplingStep | FitStep]:
    """Edit one window as Text2LIVE edits a clip: through a still picture of it.

    Nothing is as coherent, since the frames have one edit between them; nor can anything else than the scene move: a fire is
    painted on, and the same flames go where the scene goes. What the sound does in time is left to the opacity with which the
    editor lays the change into a frame. Every window has atlases of its own, whose edits differ (``window.frames`` makes
    windows longer), and what changes its look under way, water above all, is neither rebuilt nor carried faithfully.

    The fit runs on the CPU whatever the device, so that it is the same to the bit; a window of one frame needs none.

    Args:
        pack: the models.
        inputs: the frames; the anchor is not used.
        recipe: settings, as :func:`still_picture` gives them.

    Yields:
        :class:`FitStep` while the layers are fitted, then :class:`SamplingStep` of the one picture; the last one's ``x``
        holds the edited frames.
    """
    if len(inputs.source) == 1:
        yield from sample_window(pack, inputs, recipe)
        return
    source, mask = inputs.source.float().cpu(), inputs.mask.float().cpu()
    points = ClipPoints(source, mask, inputs.own_pairs().to("cpu", torch.float32))
    layers = yield from fit_layers(
        points, recipe.atlases, stable_seed(recipe.seed, inputs.indices[0])
    )
    layout = lay_out(layers, points)
    audible = (inputs.strength > 0).cpu()
    crop = crop_region(layout, mask, (points.height, points.width), recipe.region.pad)
    before = draw_picture(layers, layout, mask, crop)
    still = _one_frame(inputs, before.picture.to(inputs.source), before.mask.to(inputs.mask))
    for step in sample_window(pack, still, recipe):
        if step.index + 1 < step.total:
            yield step
            continue
        change = lay_edit(before, step.x.float().cpu().clamp(-1, 1), source, layout)
        change = change * mask * audible.view(-1, 1, 1, 1)
        yield replace(step, x=inputs.source + change.to(inputs.source))


def _one_frame(inputs: WindowInputs, picture: Tensor, mask: Tensor) -> WindowInputs:
    """The picture as a window of one frame, which hears what the frames hear, the loud ones most, at the loudest's strength."""
    heard = (inputs.strength.to(inputs.sound_embeds)[:, None] * inputs.sound_embeds).sum(0)
    return WindowInputs(
        indices=inputs.indices[:1],
        source=picture,
        mask=mask,
        sound_embeds=F.normalize(heard, dim=0)[None],
        strength=inputs.strength.max()[None],
        pairs=inputs.own_pairs().window(0, 1),
        motion=None if inputs.motion is None else inputs.motion.of(slice(0, 1)),
        own_terms=inputs.own_terms,
    )


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
