"""Methods behind one editor: what all of them must keep, and that the table holds every name a recipe knows."""

from typing import get_args

import numpy as np
import pytest

from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.editing.editor import SoundEditor
from soundini.editing.methods import METHODS, evaluations
from soundini.editing.sound_track import lay_sound
from soundini.events import FrameDone, MasksReady, StepDone
from soundini.media.sound import Sound
from soundini.packs.debug import debug_pack

RATE = 16000
QUICK = (
    "sampling.steps=3",
    "region.size=32",
    "window.frames=4",
    "window.overlap=1",
    "sound.release=0",
    "vqgan.iterations=3",
    "atlases.steps=12",
    "atlases.points=200",
    "blended.candidates=2",
)


def recipe_of(method, *more):
    return override(load_preset("fast"), [f"method={method}", *QUICK, *more])


def clip():
    """Ten frames, of which the last hear nothing."""
    frames = np.random.default_rng(0).integers(0, 255, (10, 48, 64, 3), dtype=np.uint8)
    mask = np.zeros((48, 64), np.float32)
    mask[10:40, 12:50] = 1
    sound = np.zeros(RATE, np.float32)
    heard = sound[: 3 * RATE // 10]
    heard[:] = 0.8 * np.sin(np.arange(len(heard)) / 5)
    return frames, mask, sound


def stream(method, *more):
    frames, mask, sound = clip()
    editor = SoundEditor(debug_pack())
    recipe = recipe_of(method, *more)
    return editor.stream(frames, sound, mask=mask, frame_rate=10, sample_rate=RATE, recipe=recipe)


def test_every_method_that_a_recipe_knows_is_in_the_table():
    assert set(get_args(Recipe.model_fields["method"].annotation)) == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_silent_frames_and_what_is_outside_the_mask_stay_to_the_bit(method):
    frames, mask, sound = clip()
    editor, recipe = SoundEditor(debug_pack()), recipe_of(method)
    times = [(i + 0.5) / 10 for i in range(10)]
    track = lay_sound(Sound(sound[None], RATE), times, 1.0, editor.pack.joint, recipe.sound)
    silent = np.asarray(track.strength == 0)
    assert 0 < silent.sum() < 8
    result = editor(frames, sound, mask=mask, frame_rate=10, sample_rate=RATE, recipe=recipe)
    assert np.array_equal(result.frames[silent], frames[silent])
    assert np.array_equal(result.frames[:, :2], frames[:, :2])
    assert np.abs(result.frames[1].astype(int) - frames[1])[15:35, 20:40].mean() > 1


@pytest.mark.parametrize(
    ("method", "init"), [*((name, "previous") for name in METHODS), ("vqgan-clip", "source")]
)
def test_as_many_steps_are_told_as_were_promised(method, init):
    events = list(stream(method, f"vqgan.init={init}"))
    promised = next(e.steps for e in events if isinstance(e, MasksReady))
    steps = [e.step for e in events if isinstance(e, StepDone)]
    assert steps == list(range(1, promised + 1))
    assert promised % evaluations(recipe_of(method), debug_pack()) == 0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_samples_keyframes_alone_where_it_is_told_to(method):
    settings = ["window.stride=2", "sound.envelope=off", "atlases.steps=5", "atlases.points=50"]
    frames, _, _ = clip()
    events = list(stream(method, *settings))
    edited = np.stack([e.rgb for e in events if isinstance(e, FrameDone)])
    assert edited.shape == frames.shape
    assert np.abs(edited.astype(int) - frames)[:, 15:35, 20:40].mean((1, 2, 3)).min() > 1
    promised = next(e.steps for e in events if isinstance(e, MasksReady))
    assert sum(isinstance(e, StepDone) for e in events) == promised
    assert promised == 2 * evaluations(
        recipe_of(method), debug_pack()
    )  # six keyframes, four a window


def test_what_couples_frames_is_off_in_the_baselines():
    for method in set(METHODS) - {"soundini"}:
        guidance = METHODS[method].settings(recipe_of(method)).guidance
        assert (guidance.lambda_directional, guidance.lambda_flow, guidance.smooth) == (0, 0, 0)
