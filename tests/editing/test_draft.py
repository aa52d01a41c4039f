"""Drafts that sampling begins at: where they are drawn, at what size, and what an edit makes of them."""

import cv2
import numpy as np
import pytest
import torch

from soundini import SoundEditor, load_preset
from soundini.config.drift import DriftConfig
from soundini.config.presets import override
from soundini.editing.draft import begins_at_draft, draw_drafts, start_level
from soundini.editing.motion import EffectMotion, effect_position
from soundini.effects.registry import EFFECTS
from soundini.media.sound import Sound
from soundini.packs.debug import debug_pack
from soundini.packs.loading import load_pack

RATE = 24.0


@pytest.fixture(scope="module")
def pack():
    return load_pack("embedded")


def motion_of(name, frames):
    drift = DriftConfig()
    times = torch.arange(frames) / RATE + 1
    return EffectMotion(
        (name,),
        torch.ones(frames, 1),
        torch.tensor([[effect_position(name, t, drift)] for t in times.tolist()]),
        torch.zeros(frames, 1, dtype=torch.long),
        torch.tensor([drift.velocity(name)]),
        times,
        torch.full((frames,), 0.1),
    )


def street(side, frames=1):
    """Soft blocks, the same at every size."""
    blocks = np.random.default_rng(2).uniform(-0.6, 0.6, (6, 6, 3)).astype(np.float32)
    picture = cv2.resize(blocks, (side, side), interpolation=cv2.INTER_CUBIC)
    return torch.from_numpy(picture).permute(2, 0, 1)[None].repeat(frames, 1, 1, 1)


def draft(name, side, strength=(1.0,), mask=None, scale=1.0, seed=3):
    source = street(side, len(strength))
    mask = torch.ones(len(source), 1, side, side) if mask is None else mask
    strength = torch.tensor(strength)
    return draw_drafts(source, mask, strength, motion_of(name, len(source)), seed, scale) - source


@pytest.mark.parametrize("name", EFFECTS)
def test_a_finer_draft_shows_the_same_effect(name):
    """Made small again, a draft of three times the size is the small one: the same drops, drawn finer."""
    small, large = draft(name, 64), draft(name, 192, scale=3)
    again = torch.nn.functional.interpolate(large, (64, 64), mode="area")
    both = torch.stack([small.flatten(), again.flatten()])
    assert torch.corrcoef(both)[0, 1] > 0.85
    assert (small - again).abs().mean() < 0.5 * small.abs().mean()


def test_silence_and_what_is_outside_the_mask_stay():
    mask = torch.zeros(2, 1, 48, 48)
    mask[:, :, 10:40, 10:40] = 1
    change = draft("rain", 48, (0.0, 1.0), mask)
    assert change[0].abs().max() < 1e-5
    assert change[1][:, mask[1, 0] == 0].abs().max() < 1e-5
    assert change[1].abs().mean() > 0.02


def test_louder_is_more_and_the_same_seed_the_same():
    quiet, loud = draft("fire", 48, (0.3, 1.0)).abs().mean((1, 2, 3))
    assert quiet < loud
    assert torch.equal(draft("fire", 48), draft("fire", 48))
    assert not torch.equal(draft("fire", 48), draft("fire", 48, seed=4))


def test_a_frame_has_the_same_draft_in_every_window():
    frames = motion_of("snow_wind", 6)
    source, mask, strength = street(48, 6), torch.ones(6, 1, 48, 48), torch.ones(6)
    whole = draw_drafts(source, mask, strength, frames, 0)
    part = draw_drafts(source[4:], mask[4:], strength[4:], frames.of(slice(4, 6)), 0)
    assert torch.equal(whole[4:], part)


def test_only_priors_that_draw_named_effects_begin_at_drafts(pack):
    def level(pack, *settings):
        return start_level(pack, override(load_preset("fast"), settings))

    assert level(pack) == load_preset("fast").sampling.draft
    assert level(pack, "sampling.draft=0") == load_preset("fast").sampling.start
    assert level(pack, "sampling.see=false") == load_preset("fast").sampling.start
    assert level(pack, "sampling.condition=0") == load_preset("fast").sampling.start
    assert level(pack, "sampling.start=0.2") == 0.2
    assert level(debug_pack()) == load_preset("fast").sampling.start
    assert not begins_at_draft(pack, load_preset("paper"))


def edited(pack, frames, *settings):
    noise = np.random.default_rng(0).normal(0, 0.3, (1, 22050)).clip(-1, 1).astype(np.float32)
    recipe = override(
        load_preset("fast"),
        [
            "sound.heard_as=rain",
            "sound.envelope=off",
            "region.pad=0",
            "region.feather=0",
            *settings,
        ],
    )
    mask = np.ones(frames.shape[1:3], np.float32)
    sound = Sound(noise, 22050)
    return SoundEditor(pack)(frames, sound, mask=mask, frame_rate=RATE, recipe=recipe).frames


def native(side, frames):
    picture = ((street(side)[0].permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)
    return np.repeat(picture[None], frames, 0)


def test_a_large_region_has_finer_drops(pack):
    frames = native(256, 1)
    fine, coarse = (
        edited(pack, frames, "region.size=64", f"region.detail={detail}", "sampling.steps=2")
        for detail in (256, 64)
    )

    def sharpness(picture):
        return np.abs(np.diff(picture[0].astype(float).mean(-1), axis=1)).mean()

    assert sharpness(fine) > 1.3 * sharpness(coarse)


def test_frames_between_keyframes_have_drops_of_their_own(pack):
    """Sampling every third frame, all frames still show their own drops where they are then."""
    frames = native(96, 4)
    settings = ("region.size=96", "sampling.steps=2")
    every, third = (
        edited(pack, frames, *settings, f"window.stride={s}").astype(float) - frames for s in (1, 3)
    )
    for own, between in zip(every[1:3], third[1:3], strict=True):
        assert np.corrcoef(own.ravel(), between.ravel())[0, 1] > 0.8
