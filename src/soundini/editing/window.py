"""Sampling one window of frames under guidance: tensors in, events out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from soundini.config.recipe import Recipe
from soundini.diffusion.denoiser import seen_channels
from soundini.diffusion.noise import FrameNoise
from soundini.diffusion.sampling import SamplingState, SamplingStep, sample
from soundini.diffusion.schedule import NoiseSchedule, Transition, plan_transitions, respace
from soundini.editing.draft import carry_noise, draw_drafts, start_level
from soundini.editing.memory import arrange, flow_of
from soundini.editing.motion import EffectMotion, MovingNoise, pairs_of_effect
from soundini.errors import ConfigError, Option
from soundini.flow.along import smooth_along
from soundini.flow.pairs import FlowPairs, estimate_pairs
from soundini.guidance.augment import AugmentConfig
from soundini.guidance.compose import GuidedDenoiser, HeldFrames, WeightedTerm
from soundini.guidance.sound import DirectionalSoundGuidance, RegionEmbeddings, SoundGuidance
from soundini.guidance.temporal import FlowGuidance
from soundini.guidance.terms import BackgroundGuidance, RangeGuidance, TextGuidance
from soundini.joint.protocol import EmbedsText
from soundini.packs.pack import ModelPack
from soundini.perceptual.factory import load_perceptual

_LEAST_SIGNAL = 5e-4
"""abar below which the normalised rule does not guide."""


@dataclass(frozen=True)
class WindowInputs:
    """A window of frames at the model's resolution, and what guides them.

    Args:
        indices: index of each frame in the video: the noise depends on it.
        source: source frames in [-1, 1].
        mask: 1 = edit.
        sound_embeds: target of each frame.
        strength: envelope of each frame in [0, 1].
        pairs: optical flow between neighbours; with an anchor, its pair comes first.
        anchor: the edited frame before the first, or None.
        motion: how effects move by themselves, or None where they do not.
        own_terms: guidance terms of the caller's own, see :data:`OwnTerm`.
        draft_seed: names the random choices of the drafts that sampling begins at; None where it begins at the source.

    Shape:
        ``source``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; ``sound_embeds``: ``[T, D]``; ``strength``: ``[T]``;
        ``anchor``: ``[1, 3, H, W]``.
    """

    indices: tuple[int, ...]
    source: Tensor
    mask: Tensor
    sound_embeds: Tensor
    strength: Tensor
    pairs: FlowPairs
    anchor: Tensor | None = None
    motion: EffectMotion | None = None
    own_terms: tuple[OwnTerm, ...] = ()
    draft_seed: int | None = None

    @cached_property
    def base(self) -> Tensor:
        """The clean frames that sampling begins at: drafts of the effects, or the source; ``[T, 3, H, W]``."""
        if self.draft_seed is None or self.motion is None:
            return self.source
        return draw_drafts(self.source, self.mask, self.strength, self.motion, self.draft_seed)

    def own_pairs(self) -> FlowPairs:
        """Flow between the window's own frames, without the anchor's pair."""
        return self.pairs if self.anchor is None else self.pairs.window(1, len(self.pairs) + 1)


OwnTerm = WeightedTerm | Callable[[WindowInputs], WeightedTerm]
"""A guidance term of the caller's own: one for all windows, or a function that makes one for each window."""


def effect_pairs(inputs: WindowInputs, grid: int) -> FlowPairs | None:
    """Flow of the effect between a window's own frames, where it moves by itself; see :func:`pairs_of_effect`.

    Args:
        inputs: the window.
        grid: pixels that the network takes together.
    """
    if inputs.motion is None or len(inputs.source) < 2:
        return None
    size = (inputs.source.shape[-2], inputs.source.shape[-1])
    steps = inputs.motion.steps(size, grid)
    return pairs_of_effect(inputs.own_pairs(), inputs.mask, steps) if steps.any() else None


def sampling_plan(recipe: Recipe, pack: ModelPack) -> list[Transition]:
    """The network evaluations of a window, from :func:`start_level` down to the clean frame.

    ``sampling.steps`` evaluations are spread evenly from the start level to timestep 0; steps inside the repeat band
    are done ``sampling.repeats`` times.
    """
    config, num_timesteps = recipe.sampling, pack.denoiser.schedule.num_timesteps
    start = max(1, round(start_level(pack, recipe) * num_timesteps))
    timesteps = respace(start, min(config.steps, start))
    return plan_transitions(
        timesteps,
        repeats=config.repeats,
        repeat_from=round(config.repeat_from * num_timesteps),
        repeat_to=round(config.repeat_to * num_timesteps),
    )


def sample_window(
    pack: ModelPack, inputs: WindowInputs, recipe: Recipe, state: SamplingState | None = None
) -> Iterator[SamplingStep]:
    """Edit one window; the last step's ``x`` holds the edited frames.

    The louder a frame's sound, the stronger its guidance. A silent frame is held at the noised source and costs no network
    evaluation.

    Args:
        pack: the models.
        inputs: the frames.
        recipe: settings.
        state: where the sampling of the same window stood, to go on from there; None to begin.

    Yields:
        :class:`soundini.diffusion.sampling.SamplingStep` after every network evaluation.
    """
    guided = recipe.guidance.strength or recipe.guidance.rule == "paper"
    terms = guidance_terms(pack, inputs, recipe) if guided else []
    arrange(pack, recipe)
    schedule = pack.denoiser.schedule
    plan = sampling_plan(recipe, pack)
    noise = _noise(inputs, recipe, pack.denoiser.unshuffle)
    start_noise = noise(0)
    yield from sample(
        _guided_denoiser(pack, inputs, recipe, terms, state.index if state is not None else 0),
        schedule,
        plan,
        state or schedule.q_sample(inputs.base, start_noise, plan[0].t),
        noise=noise,
        method=recipe.sampling.method,
        eta=recipe.sampling.eta,
        clip=recipe.sampling.clip,
        constrain=_hold_source(
            inputs, schedule, start_noise, at_every_step=recipe.guidance.blend_background
        ),
    )


def _guided_denoiser(
    pack: ModelPack,
    inputs: WindowInputs,
    recipe: Recipe,
    terms: Sequence[WeightedTerm],
    calls: int,
) -> GuidedDenoiser:
    """The pack's denoiser under the terms; ``calls`` evaluations are done already."""
    config, sampling = recipe.guidance, recipe.sampling
    schedule, source, mask = pack.denoiser.schedule, inputs.source, inputs.mask
    pairs = effect_pairs(inputs, pack.denoiser.unshuffle) or inputs.own_pairs()
    sees = pack.denoiser.sees_source and sampling.see
    return GuidedDenoiser(
        pack.denoiser,
        terms,
        strength=config.strength * inputs.strength.to(source),
        rule=config.rule,
        gradient=config.gradient,
        guide_from=noisiest_guided(recipe, schedule),
        guide_until=round(config.until * schedule.num_timesteps),
        clamp=config.clamp,
        roi=mask,
        chunk=recipe.compute.frames_at_once,
        seed=recipe.seed,
        held=HeldFrames(source, (inputs.strength > 0).cpu()),
        smooth=(lambda gradient: smooth_along(gradient, pairs, config.smooth))
        if config.lambda_flow
        else None,
        class_label=sampling.class_label,
        condition=sampling.condition * _condition(inputs).to(source),
        seen=seen_channels(source, mask) if sees else None,
        calls=calls,
        secondary=pack.secondary if config.gradient == "secondary" else None,
    )


def _hold_source(
    inputs: WindowInputs, schedule: NoiseSchedule, start_noise: Tensor, *, at_every_step: bool
) -> Callable[[Tensor, int], Tensor]:
    """Return what holds silent frames at the noised source, and the background too.

    Args:
        inputs: the frames.
        schedule: the prior's.
        start_noise: what the source is noised with.
        at_every_step: hold the background at every timestep, not only in the clean frame.
    """
    source, mask = inputs.source, inputs.mask
    audible = inputs.strength > 0

    def hold(x: Tensor, t: int) -> Tensor:
        known = schedule.q_sample(source, start_noise, t)
        free = audible.to(x, non_blocking=True).view(-1, 1, 1, 1)
        if t >= 0 and not at_every_step:
            return free * x + (1 - free) * known
        inside = mask * free
        return inside * x + (1 - inside) * known

    return hold


def noisiest_guided(recipe: Recipe, schedule: NoiseSchedule) -> int:
    """The noisiest timestep that gradients steer.

    The ``normalised`` rule moves eps by a fixed length, and the clean estimate by sqrt((1 - abar) / abar) times as much. Next to
    pure noise that is the whole picture, so there the prior goes alone. The ``paper`` rule scales by the variance.
    """
    if recipe.guidance.rule == "paper":
        return schedule.num_timesteps
    steerable = torch.nonzero(schedule.alphas_cumprod >= _LEAST_SIGNAL).flatten()
    return int(steerable[-1]) if len(steerable) else 0


def _condition(inputs: WindowInputs) -> Tensor:
    """The prior's condition for each frame: the louder its sound, the longer its embedding; ``[T, D]``."""
    return inputs.strength.to(inputs.sound_embeds)[:, None] * inputs.sound_embeds


def guidance_terms(pack: ModelPack, inputs: WindowInputs, recipe: Recipe) -> list[WeightedTerm]:
    """The terms whose lambda is not zero, and the caller's own."""
    config = recipe.guidance
    embeddings = RegionEmbeddings(
        pack.joint, inputs.mask, AugmentConfig(**config.augment.model_dump())
    )
    embeds = inputs.sound_embeds
    terms: list[WeightedTerm] = []
    if config.lambda_sound:
        terms.append(WeightedTerm(config.lambda_sound, SoundGuidance(embeddings, embeds)))
    if config.lambda_directional and len(embeds) > 1:
        directional = DirectionalSoundGuidance(embeddings, embeds, config.min_change)
        terms.append(WeightedTerm(config.lambda_directional, directional))
    if config.text and config.lambda_text:
        words = text_tower(pack).embed_text([config.text])[0].to(embeddings.mask.device)
        terms.append(WeightedTerm(config.lambda_text, TextGuidance(embeddings, words)))
    if config.lambda_flow and len(inputs.pairs):
        estimator = flow_of(pack, recipe)
        pairs = (
            (lambda frames: estimate_pairs(frames, estimator))
            if config.flow_on == "predicted" and estimator.differentiable
            else inputs.pairs
        )
        moved = effect_pairs(inputs, pack.denoiser.unshuffle)
        if moved is not None and inputs.anchor is not None:
            moved = inputs.pairs.window(0, 2).followed_by(
                moved
            )  # the anchor's motion is the scene's
        flow = FlowGuidance(pairs, anchor=inputs.anchor, ramp=config.flow_ramp, effect=moved)
        terms.append(WeightedTerm(config.lambda_flow, flow))
    if config.lambda_background:
        perceptual = load_perceptual(config.perceptual, pack.perceptual_folder)
        background = BackgroundGuidance(inputs.source, inputs.mask, perceptual)
        terms.append(WeightedTerm(config.lambda_background, background))
    if config.lambda_range:
        terms.append(WeightedTerm(config.lambda_range, RangeGuidance()))
    return [
        *terms,
        *(own if isinstance(own, WeightedTerm) else own(inputs) for own in inputs.own_terms),
    ]


def text_tower(pack: ModelPack) -> EmbedsText:
    """What understands words, of the pack's models.

    Raises:
        ConfigError: none does.
    """
    if not isinstance(pack.joint, EmbedsText):
        raise ConfigError(
            "there is a text, but the models {models} understand none; use {option}, or "
            "leave guidance.text empty",
            models=pack.name,
            option=Option("models", "paper-256"),
        )
    return pack.joint


def _noise(inputs: WindowInputs, recipe: Recipe, grid: int):
    config, device = recipe.sampling, inputs.source.device
    size = (inputs.source.shape[-2], inputs.source.shape[-1])
    kind = "shared" if config.noise == "warped" else config.noise
    moves = config.drift.speed > 0 and config.noise in ("shared", "evolving")
    if moves and inputs.motion is not None:
        return MovingNoise(
            recipe.seed,
            inputs.indices,
            size,
            inputs.motion,
            kind,
            config.noise_period,
            grid,
            device,
        )
    noise = FrameNoise(recipe.seed, inputs.indices, size, kind, config.noise_period, device)
    if config.noise != "warped":
        return noise
    pairs = inputs.own_pairs()
    fresh = FrameNoise(recipe.seed, inputs.indices, size, "independent", device=device)
    return lambda stream: carry_noise(noise(stream), fresh(-1 - stream), pairs)
