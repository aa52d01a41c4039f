"""The loop of VQGAN+CLIP, on a random network and with a term that wants red."""

import pytest
import torch

from soundini.baselines.vqgan.config import VQGANConfig
from soundini.baselines.vqgan.loading import build_vqgan
from soundini.baselines.vqgan.optimise import CodedFrames, optimise_codes
from soundini.config.recipe import VqganClipConfig
from soundini.guidance.compose import WeightedTerm

CONFIG = VQGANConfig(
    ch=8,
    ch_mult=(1, 2, 2),
    num_res_blocks=1,
    attn_resolutions=(),
    z_channels=16,
    embed_dim=4,
    n_embed=64,
    norm_groups=8,
    unit_codes=True,
)
SIZE = (18, 21)  # no multiple of the cells
STEPS = 4


class Red:
    """Wants red and no blue."""

    name = "red"

    def __call__(self, context):
        return (context.x_in[:, 2] - context.x_in[:, 0]).mean((1, 2))


@pytest.fixture(scope="module")
def vqgan():
    return build_vqgan(CONFIG, 1).eval().requires_grad_(False)


def coded(strength, seed=0, **more):
    count = len(strength)
    source = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    mask = torch.zeros(count, 1, *SIZE)
    mask[..., 4:14, 5:17] = 1
    mask[..., 4, :] *= 0.5
    frames = source.expand(count, -1, -1, -1).clone()
    return CodedFrames(tuple(range(count)), frames, mask, torch.tensor(strength), **more)


def edit(vqgan, frames, *, init="source", iterations=STEPS, chunk=0, seen=None, step=0.3):
    def terms(rows):
        if seen is not None:
            seen.append(rows.tolist())
        return [WeightedTerm(1.0, Red())]

    config = VqganClipConfig(iterations=iterations, init=init, step=step)
    return list(optimise_codes(vqgan, frames, terms, config, chunk=chunk))


def change(step, frames):
    return (step.x - frames.source).abs().mean((1, 2, 3))


@pytest.mark.parametrize("init", ["source", "previous"])
def test_silent_frames_are_the_source_and_cost_nothing(vqgan, init):
    frames, seen = coded([0.0, 1.0, 0.0, 0.5, 0.0]), []
    last = edit(vqgan, frames, init=init, seen=seen)[-1]
    silent = torch.tensor([0, 2, 4])
    assert torch.equal(last.x[silent], frames.source[silent])
    assert (change(last, frames)[[1, 3]] > 0.01).all()
    assert [row for rows in seen for row in rows] == [1, 3]


@pytest.mark.parametrize("init", ["source", "previous"])
def test_nothing_changes_where_the_mask_is_zero(vqgan, init):
    frames = coded([1.0, 1.0])
    for step in edit(vqgan, frames, init=init):
        outside = (frames.mask == 0).expand_as(step.x)
        assert torch.equal(step.x[outside], frames.source[outside])


@pytest.mark.parametrize(("init", "chunk"), [("source", 0), ("source", 2), ("previous", 0)])
def test_a_step_is_told_for_every_evaluation_of_all_audible_frames(vqgan, init, chunk):
    steps = edit(vqgan, coded([1.0, 0.0, 1.0, 1.0, 1.0, 1.0]), init=init, chunk=chunk)
    assert [s.index for s in steps] == list(range(STEPS))
    assert {s.total for s in steps} == {STEPS}
    assert all(set(s.diagnostics) == {"red"} for s in steps)


@pytest.mark.parametrize("init", ["source", "previous"])
def test_the_same_comes_out_again_and_the_random_state_is_left_alone(vqgan, init):
    before = torch.get_rng_state()
    a, b = (edit(vqgan, coded([1.0, 0.7]), init=init)[-1].x for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), before)


def test_frames_done_together_are_those_done_one_by_one(vqgan):
    frames = coded([1.0, 0.4, 0.8])
    together, apart = (edit(vqgan, frames, chunk=n)[-1].x for n in (0, 1))
    torch.testing.assert_close(together, apart, atol=1e-4, rtol=1e-4)


def test_the_loss_falls_and_the_frame_turns_red(vqgan):
    frames = coded([1.0])
    steps = edit(vqgan, frames, iterations=20)
    assert steps[-1].diagnostics["red"] < steps[0].diagnostics["red"] - 0.01
    assert Red()(_Seen(steps[-1].x)) < Red()(_Seen(steps[0].x))


def test_a_quiet_frame_is_pulled_less(vqgan):
    loud, quiet, still = coded([1.0]), coded([0.1]), coded([1.0])
    start = edit(vqgan, still, iterations=1, step=1e-6)[-1].x
    moved = [
        (edit(vqgan, frames, iterations=3, step=0.2)[-1].x - start).abs().mean()
        for frames in (loud, quiet)
    ]
    assert moved[1] < 0.7 * moved[0]


def test_a_frame_goes_on_from_the_one_before_where_it_is_told_to(vqgan):
    """Two scenes: by hardly a step the second frame still looks like the first."""
    frames = coded([1.0, 1.0])
    frames.mask.fill_(1)
    frames.source[1] = coded([1.0], seed=5).source[0]
    away = []
    for init in ("previous", "source"):
        x = edit(vqgan, frames, init=init, iterations=1, step=1e-6)[-1].x
        away.append(float((x[1] - x[0]).abs().mean()))
    assert away[0] < 0.1 * away[1]


def test_silence_breaks_the_chain_and_the_frame_before_the_window_begins_it(vqgan):
    alone = edit(vqgan, coded([1.0]), init="previous")[-1].x
    broken = edit(vqgan, coded([1.0, 0.0, 1.0]), init="previous")[-1].x
    torch.testing.assert_close(broken[2:], alone)
    other = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(9)) * 2 - 1
    begun = edit(vqgan, coded([1.0], before=other), init="previous")[-1].x
    assert (begun - alone).abs().mean() > 0.01


class _Seen:
    def __init__(self, x_in):
        self.x_in = x_in
