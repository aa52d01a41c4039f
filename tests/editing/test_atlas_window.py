import numpy as np
import pytest

from soundini import SoundEditor
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.methods import (
    METHODS,
    evaluations,
    fit_steps,
    with_fit_steps,
)
from soundini.events import FitStepDone, FrameDone, MasksReady, StepDone
from soundini.media.sound import Sound

QUICK = override(
    Recipe(),
    [
        "sampling.steps=3",
        "region.size=32",
        "window.frames=5",
        "method=layered-atlases",
        "atlases.steps=12",
        "atlases.points=200",
    ],
)


@pytest.fixture(scope="module")
def editor():
    return SoundEditor.from_pretrained("debug")


@pytest.fixture
def mask():
    out = np.zeros((48, 64), np.float32)
    out[16:32, 20:44] = 1
    return out


def test_a_clip_is_edited_in_two_windows(editor, clip, hiss, mask):
    """A fit comes before the one picture of each window; outside the mask nothing changes."""
    events = list(editor.stream(clip, hiss, mask=mask, recipe=QUICK))
    plan = events[0]
    assert isinstance(plan, MasksReady)
    assert (plan.windows, plan.steps) == (2, 6)
    kinds = [type(e) for e in events if isinstance(e, FitStepDone | StepDone)]
    assert kinds == 2 * (12 * [FitStepDone] + 3 * [StepDone])
    fits = [e for e in events if isinstance(e, FitStepDone)]
    assert [(f.window, f.step, f.total) for f in fits] == [
        (window, step, 12) for window in (0, 1) for step in range(1, 13)
    ]
    assert fits[11].losses["colour"] < fits[0].losses["colour"]
    assert [e.step for e in events if isinstance(e, StepDone)] == [1, 2, 3, 4, 5, 6]
    edited = np.stack([e.rgb for e in events if isinstance(e, FrameDone)])
    outside = np.ones((48, 64), bool)
    outside[13:35, 17:47] = False
    assert (edited[:, outside] == clip[:, outside]).all()
    assert (edited[-1][mask > 0] != clip[-1][mask > 0]).mean() > 0.3


def test_silence_leaves_the_frame_alone_and_the_loud_end_shows_more(editor, clip, mask):
    samples = np.zeros((1, 44_100), np.float32)
    samples[:, 30_000:] = np.random.default_rng(0).normal(0, 0.3, 14_100)
    recipe = override(QUICK, ["sound.attack=0.2", "sound.release=0", "window.frames=8"])
    edited = editor(clip, Sound(samples, 44_100), mask=mask, frame_rate=8, recipe=recipe).frames
    assert (edited[:3] == clip[:3]).all()
    change = np.abs(edited.astype(int) - clip)[:, mask > 0].mean((1, 2))
    assert 0 < change[5] < change[7]


def test_same_seed_same_bytes_other_seed_other_bytes(editor, clip, hiss, mask):
    first, again, other = (
        editor(clip[:4], hiss, mask=mask, recipe=QUICK, seed=seed).frames for seed in (5, 5, 6)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_a_single_frame_is_its_own_picture(editor, clip, hiss, mask):
    events = list(editor.stream(clip[:1], hiss, mask=mask, recipe=QUICK))
    assert not [e for e in events if isinstance(e, FitStepDone)]
    assert len([e for e in events if isinstance(e, StepDone)]) == 3


@pytest.mark.parametrize(
    ("settings", "runs", "sampled"),
    [
        ([], 10, 14),
        (["method=blended-diffusion", "blended.candidates=2"], 20, 14),
        (["method=layered-atlases"], 10, 1),
    ],
)
def test_methods_say_what_they_cost(editor, settings, runs, sampled):
    recipe = override(Recipe(), ["sampling.steps=10", *settings])
    assert evaluations(recipe, editor.pack) == runs
    assert METHODS[recipe.method].pictures(14) == sampled
    assert METHODS[recipe.method].pictures(0) == 0


def test_a_method_that_fits_nothing_has_no_steps_of_a_fit():
    assert fit_steps(QUICK) == 12
    assert with_fit_steps(QUICK, 2) == override(QUICK, ["atlases.steps=2"])
    assert fit_steps(Recipe()) == 0
    assert with_fit_steps(Recipe(), 2) == Recipe()
