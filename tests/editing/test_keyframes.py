"""Every k-th frame is sampled, and those between take from it: by the debug pack, or by a sampler that paints."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import media_factory as make
from soundini import SoundEditor
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.diffusion.sampling import SamplingStep
from soundini.editing.keyframes import heard_keyframes, loudest_served
from soundini.editing.methods import evaluations_a_frame
from soundini.editing.plan import Window, plan_windows
from soundini.editing.sound_track import lay_sound
from soundini.editing.stream import edit_frames
from soundini.events import EditDone, FrameDone, MasksReady, StepDone
from soundini.geometry import Box
from soundini.masks.refine import bounds
from soundini.media.sound import Sound

SIZE = (64, 96)
QUICK = ("sampling.steps=3", "region.size=64", "window.frames=4", "window.overlap=1")
RATE = 24_000


@pytest.fixture(scope="module")
def editor():
    return SoundEditor.from_pretrained("debug")


@pytest.fixture
def mask():
    out = np.zeros(SIZE, np.float32)
    out[8:56, 12:84] = 1
    return out


def recipe_of(stride, *more):
    return override(Recipe(), [*QUICK, f"window.stride={stride}", "sound.envelope=off", *more])


def panning(count, step=2):
    return np.stack(make.moving_frames(count, SIZE, motion=(0, step)))


def paint(monkeypatch, change_of):
    """In place of the sampler: adds what ``change_of(inputs)`` says. Gives the windows that were asked for."""
    asked = []

    def edit(_pack, inputs, _recipe, _state=None):
        asked.append(inputs)
        x = inputs.source + change_of(inputs)
        yield SamplingStep(0, 1, 0, -1, x, x, {})

    monkeypatch.setattr("soundini.editing.stream.edit_window", edit)
    return asked


def test_stride_1_is_an_edit_of_all_frames(editor, clip, hiss):
    mask = np.zeros((48, 64), np.float32)
    mask[8:40, 12:52] = 1
    recipe = recipe_of(1)
    track = lay_sound(
        hiss, [(i + 0.5) / 24 for i in range(8)], 8 / 24, editor.pack.joint, recipe.sound
    )
    windows = [
        Window(n, a, b, Box(8, 4, 48, 40), (32, 48)) for n, (a, b) in enumerate([(0, 4), (3, 8)])
    ]
    every = [Window(w.index, w.start, w.stop, w.box, w.size, tuple(range(len(w)))) for w in windows]
    plain, named = (
        [
            e.rgb
            for e in edit_frames(editor.pack, clip, [mask] * 8, track, plan, recipe)
            if isinstance(e, FrameDone)
        ]
        for plan in (windows, every)
    )
    assert np.array_equal(plain, named)


def test_only_keyframes_are_sampled_with_the_noise_of_their_own_index(
    editor, hiss, mask, monkeypatch
):
    asked = paint(monkeypatch, lambda inputs: 0.5 * inputs.mask)
    recipe = recipe_of(3)
    events = list(editor.stream(panning(17), hiss, mask=mask, recipe=recipe))
    assert [inputs.indices for inputs in asked] == [(0, 3, 6, 9), (9, 12, 15, 16)]
    assert [len(inputs.own_pairs()) for inputs in asked] == [3, 3]
    assert len(asked[1].pairs) == 4  # the finished frame before it anchors the window
    assert next(e for e in events if isinstance(e, MasksReady)).frames == 17
    assert [e.index for e in events if isinstance(e, FrameDone)] == list(range(17))
    end = events[-1]
    assert isinstance(end, EditDone)
    assert end.temporal.pairs == 16  # of all frames, not of keyframes alone
    assert end.seams.pairs == 2


def test_the_change_moves_with_the_scene(editor, hiss, mask, monkeypatch):
    frames = panning(7)
    column = torch.arange(64).float()

    def stripe(inputs):
        """A bright bar that stands in the scene: at the model's resolution it moves as the scene does."""
        centres = torch.tensor([20.0 + scale * 2 * i for i in inputs.indices])
        bars = torch.exp(-(((column[: inputs.source.shape[-1]] - centres[:, None]) / 4) ** 2))
        return 0.8 * bars[:, None, None, :] * torch.ones_like(inputs.source)

    scale = 64 / 80  # of the padded region's 80 columns
    paint(monkeypatch, stripe)
    sampled, carried = (
        editor(frames, hiss, mask=mask, recipe=recipe_of(stride, "window.frames=7")).frames
        for stride in (1, 3)
    )
    change = np.abs(sampled.astype(float) - frames)[:, 20:44].mean((1, 3))
    places = (change * np.arange(96)).sum(1) / change.sum(1)
    assert np.diff(places) == pytest.approx([2] * 6, abs=0.4)
    taken = np.abs(carried.astype(float) - frames)[:, 20:44].mean((1, 3))
    assert (taken * np.arange(96)).sum(1) / taken.sum(1) == pytest.approx(places, abs=0.4)
    assert taken.max(1) == pytest.approx(change.max(1), rel=0.15)  # and is no fainter for it


def flickering(count):
    """Dark frames that no flow leads from one to the next."""
    return np.stack([make.texture(*SIZE, seed) // 3 for seed in range(count)])


def test_a_strong_change_hides_what_its_keyframe_did_not_show(editor, hiss, mask, monkeypatch):
    paint(monkeypatch, lambda inputs: 0.6 - inputs.source)
    frames = flickering(7)
    result = editor(
        frames, hiss, mask=mask, recipe=recipe_of(3, "region.size=128", "guidance.settle=0")
    ).frames
    inside = result[:, 20:44, 30:60].astype(float)
    assert inside.mean((1, 2, 3)) == pytest.approx([1.6 * 127.5] * 7, abs=3)
    assert inside.std((1, 2)).max() < 4  # no outlines of the source, whose own deviation is 15


def test_under_a_weak_change_the_frame_keeps_its_own_detail(editor, hiss, mask, monkeypatch):
    paint(monkeypatch, lambda inputs: torch.full_like(inputs.source, 0.1))
    frames = flickering(7)
    result = editor(frames, hiss, mask=mask, recipe=recipe_of(3)).frames
    change = (result.astype(float) - frames)[:, 20:44, 30:60]
    assert np.abs(change - 12.75).max() < 1


def test_frames_between_keep_their_own_loudness(editor, mask, monkeypatch):
    paint(monkeypatch, lambda inputs: torch.full_like(inputs.source, 0.5))
    noise = np.random.default_rng(0).normal(0, 0.3, (1, RATE)).clip(-1, 1)
    sound = Sound((noise * np.linspace(0.02, 1, RATE) ** 2).astype(np.float32), RATE)
    recipe = recipe_of(4, "sound.envelope=loudness", "sound.attack=0", "sound.release=0")
    frames = np.full((13, *SIZE, 3), 100, np.uint8)
    result = editor(frames, sound, mask=mask, frame_rate=13, recipe=recipe).frames
    times = [(i + 0.5) / 13 for i in range(13)]
    strength = lay_sound(sound, times, 1.0, editor.pack.joint, recipe.sound).strength.numpy()
    assert np.ptp(strength) > 0.4
    seen = (result[:, 32, 48].astype(float) - 100).mean(1)
    assert seen == pytest.approx(64 * strength, abs=1)


def test_frames_that_hear_nothing_stay_to_the_bit_and_a_crackle_between_keyframes_shows(
    editor, hiss, mask
):
    frames, heard = panning(12), (4, 5, 8)
    recipe = recipe_of(3)
    times = [(i + 0.5) / 24 for i in range(12)]
    track = lay_sound(hiss, times, 0.5, editor.pack.joint, recipe.sound)
    strength = torch.tensor([float(i in heard) for i in range(12)])  # keyframes hear nothing
    windows = plan_windows(
        [bounds(mask)] * 12, SIZE, recipe.region, recipe.window, editor.pack.denoiser.stride
    )
    events = edit_frames(
        editor.pack, frames, [mask] * 12, replace(track, strength=strength), windows, recipe
    )
    result = np.stack([e.rgb for e in events if isinstance(e, FrameDone)])
    for i in range(12):
        changed = (result[i] != frames[i])[20:44, 30:60].mean()
        assert changed > 0.5 if i in heard else np.array_equal(result[i], frames[i]), i


def test_keyframes_hear_what_the_loudest_frame_hears_that_takes_from_them():
    window = Window(0, 10, 18, None, (1, 1), (0, 3, 6))
    strength = torch.tensor([0.5, 0.5, 0.7, 0.2, 0, 0, 0, 0])
    assert loudest_served(window, strength) == [2, 2, 6]
    assert heard_keyframes(window, strength) == 2
    assert loudest_served(window, torch.ones(8)) == [0, 3, 6]


def test_a_mask_that_comes_between_keyframes_is_edited(editor, hiss, mask):
    masks = np.stack([mask * (i in (4, 5)) for i in range(9)])
    frames = panning(9)
    result = editor(frames, hiss, mask=masks, recipe=recipe_of(3, "window.frames=9")).frames
    changed = [(result[i] != frames[i])[20:44, 30:60].mean() for i in range(9)]
    assert min(changed[4:6]) > 0.5
    assert sum(changed[:4]) + sum(changed[6:]) == 0


@pytest.mark.parametrize(
    ("count", "stride", "more"),
    [
        (1, 3, ()),
        (2, 16, ()),
        (9, 4, ("window.overlap=0",)),
        (5, 3, ("window.frames=1", "window.overlap=0")),
    ],
)
def test_short_clips_and_windows_that_share_nothing(editor, hiss, mask, count, stride, more):
    frames = panning(count)
    result = editor(frames, hiss, mask=mask, recipe=recipe_of(stride, *more)).frames
    assert len(result) == count
    assert all((a != b)[20:44, 30:60].mean() > 0.5 for a, b in zip(result, frames, strict=True))


def test_same_seed_same_bytes(editor, hiss, mask):
    frames, recipe = panning(9), recipe_of(3)
    first, again = (editor(frames, hiss, mask=mask, recipe=recipe).frames for _ in range(2))
    assert np.array_equal(first, again)


def test_passes_of_a_frame(editor):
    def passes(recipe, frames):
        return evaluations_a_frame(recipe, editor.pack, frames)

    recipe = recipe_of(3, "sampling.steps=10", "window.frames=14")
    assert passes(recipe, 40) == pytest.approx(10 * 14 / 40)
    assert passes(recipe, 12) == pytest.approx(10 * 5 / 12)
    assert passes(recipe_of(1), 12) == 3
    layered = override(recipe, ["method=layered-atlases"])
    assert passes(layered, 40) == pytest.approx(10 / 40)


def test_steps_are_those_of_fewer_windows(editor, hiss, mask):
    events = list(editor.stream(panning(10), hiss, mask=mask, recipe=recipe_of(3)))
    assert sum(isinstance(e, StepDone) for e in events) == 3
