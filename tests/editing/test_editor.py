import numpy as np
import pytest
import torch

from soundini import MaskError, MediaError, SoundEditor, WeightedTerm
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.events import EditDone, FrameDone, MasksReady, StepDone
from soundini.media.sound import Sound

QUICK = override(
    Recipe(), ["sampling.steps=3", "region.size=32", "window.frames=5", "sound.envelope=off"]
)


@pytest.fixture(scope="module")
def editor():
    return SoundEditor.from_pretrained("debug")


@pytest.fixture
def mask():
    out = np.zeros((48, 64), np.float32)
    out[16:32, 20:44] = 1
    return out


def test_outside_the_feather_nothing_changes_and_inside_something_does(editor, clip, hiss, mask):
    result = editor(clip, hiss, mask=mask, recipe=QUICK)
    margin = 3  # the feather is 6 % of 16 pixels
    outside = np.ones((48, 64), bool)
    outside[16 - margin : 32 + margin, 20 - margin : 44 + margin] = False
    assert (result.frames[:, outside] == clip[:, outside]).all()
    assert (result.frames[:, mask > 0] != clip[:, mask > 0]).mean() > 0.5


def test_same_seed_same_bytes_other_seed_other_bytes(editor, clip, hiss, mask):
    first = editor(clip, hiss, mask=mask, recipe=QUICK, seed=5).frames
    again = editor(clip, hiss, mask=mask, recipe=QUICK, seed=5).frames
    other = editor(clip, hiss, mask=mask, recipe=QUICK, seed=6).frames
    assert (first == again).all()
    assert (first != other).any()


def test_global_random_state_is_left_alone(editor, clip, hiss, mask):
    before = torch.get_rng_state()
    editor(clip[:2], hiss, mask=mask, recipe=QUICK)
    assert torch.equal(before, torch.get_rng_state())


def test_events_tell_the_whole_story(editor, clip, hiss, mask):
    events = list(editor.stream(clip, hiss, mask=mask, recipe=QUICK))
    plan, end = events[0], events[-1]
    assert isinstance(plan, MasksReady)
    assert isinstance(end, EditDone)
    steps = [e for e in events if isinstance(e, StepDone)]
    assert [s.step for s in steps] == list(range(1, plan.steps + 1))
    assert {s.total for s in steps} == {plan.steps}
    assert [e.index for e in events if isinstance(e, FrameDone)] == list(range(8))
    assert end.temporal is not None
    assert end.temporal.source > 0
    assert {"sound", "directional", "flow"} <= set(end.losses)


def test_silence_leaves_the_frame_alone(editor, clip, mask):
    samples = np.zeros((1, 44_100), np.float32)
    samples[:, 30_000:] = np.random.default_rng(0).normal(0, 0.3, 14_100)
    recipe = override(QUICK, ["sound.envelope=loudness", "sound.attack=0", "sound.release=0"])
    result = editor(clip, Sound(samples, 44_100), mask=mask, frame_rate=8, recipe=recipe)
    assert (result.frames[:3] == clip[:3]).all()
    assert (result.frames[7] != clip[7]).any()


def test_one_frame_is_enough(editor, clip, hiss, mask):
    result = editor(clip[:1], hiss, mask=mask, recipe=QUICK)
    assert result.frames.shape == clip[:1].shape
    assert result.temporal is None


def test_only_frames_with_a_mask_are_edited(editor, clip, hiss, mask):
    masks = np.stack([mask * (i >= 4) for i in range(8)])
    result = editor(clip, hiss, mask=masks, recipe=QUICK)
    assert (result.frames[:4] == clip[:4]).all()
    assert (result.frames[5] != clip[5]).any()


@pytest.mark.parametrize("noise", ["shared", "independent", "warped", "evolving"])
@pytest.mark.parametrize("method", ["ddpm", "ddim", "dpmpp_2m"])
def test_every_sampler_and_noise_runs(editor, clip, hiss, mask, noise, method):
    recipe = override(QUICK, [f"sampling.noise={noise}", f"sampling.method={method}"])
    result = editor(clip[:3], hiss, mask=mask, recipe=recipe)
    assert (result.frames[:, mask > 0] != clip[:3][:, mask > 0]).any()


def test_paper_settings_run_on_any_pack(editor, clip, hiss, mask):
    recipe = override(
        QUICK,
        [
            "guidance.rule=paper",
            "guidance.gradient=exact",
            "guidance.lambda_background=100",
            "guidance.perceptual=none",
            "sampling.method=ddpm",
            "compute.chunk=2",
        ],
    )
    assert (editor(clip[:3], hiss, mask=mask, recipe=recipe).frames != clip[:3]).any()


def test_bad_arguments_say_what_to_do(editor, clip, hiss, mask):
    with pytest.raises(MaskError, match="empty"):
        editor(clip, hiss, mask=np.zeros_like(mask))
    with pytest.raises(MaskError, match="equal"):
        editor(clip, hiss, mask=mask[:-2])
    with pytest.raises(MediaError, match="uint8"):
        editor(clip.astype(np.float32), hiss, mask=mask)
    with pytest.raises(MediaError, match="sample_rate"):
        editor(clip, hiss.samples, mask=mask)
    with pytest.raises(MediaError):
        editor(clip, Sound(np.zeros((1, 44_100), np.float32), 44_100), mask=mask)
    with pytest.raises(MediaError, match="finite"):
        editor(clip, np.full(100, np.nan, np.float32), mask=mask, sample_rate=44_100)


class Bright:
    """A term of one's own: a frame is bad as far as it is dark."""

    name = "bright"

    def __init__(self, mask=None):
        self.mask = mask

    def __call__(self, context):
        return -context.pred_xstart.mean((1, 2, 3))


@pytest.mark.parametrize("made", [False, True])
def test_a_term_of_ones_own_joins_the_loss(editor, clip, hiss, mask, made):
    windows = []

    def make(window):
        windows.append(window)
        return WeightedTerm(500.0, Bright(window.mask))

    terms = [make if made else WeightedTerm(500.0, Bright())]
    plain = editor(clip, hiss, mask=mask, recipe=QUICK)
    bright = SoundEditor(editor.pack, terms=terms)(clip, hiss, mask=mask, recipe=QUICK)
    assert bright.losses.keys() == plain.losses.keys() | {"bright"}
    assert bright.frames.mean() > plain.frames.mean()
    assert len(windows) == (2 if made else 0), "one for each window"
