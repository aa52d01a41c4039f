"""A denoiser that is told an embedding: every frame gets its own, however the frames pass the network."""

import pytest
import torch

from soundini.diffusion.denoiser import ConditionEmbedding
from soundini.guidance.compose import GuidedDenoiser, HeldFrames, WeightedTerm
from soundini.guidance.terms import RangeGuidance
from soundini.packs.debug import debug_pack

DIM = 8


@pytest.fixture(scope="module")
def denoiser():
    """The tiny random network, told by random weights."""
    denoiser = debug_pack().denoiser
    condition = ConditionEmbedding(DIM, denoiser.time_dim)
    random = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(condition.outer.weight, std=0.2, generator=random)
    denoiser.take_condition(condition)
    return denoiser


@pytest.fixture
def frames():
    return torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def told():
    return torch.randn(4, DIM, generator=torch.Generator().manual_seed(2))


def test_every_frame_is_told_its_own(denoiser, frames, told):
    together = GuidedDenoiser(denoiser, [], condition=told)(frames, 300).eps
    for i in range(4):
        alone = GuidedDenoiser(denoiser, [], condition=told[i : i + 1])(frames[i : i + 1], 300)
        torch.testing.assert_close(together[i : i + 1], alone.eps, atol=1e-5, rtol=1e-4)
    other = GuidedDenoiser(denoiser, [], condition=told.flip(0))(frames, 300).eps
    assert (other - together).abs().mean() > 1e-3


@pytest.mark.parametrize("chunk", [1, 3])
def test_chunks_change_nothing(denoiser, frames, told, chunk):
    terms = [WeightedTerm(1.0, RangeGuidance())]
    whole = GuidedDenoiser(denoiser, terms, condition=told)(3 * frames, 300)
    parts = GuidedDenoiser(denoiser, terms, condition=told, chunk=chunk)(3 * frames, 300)
    torch.testing.assert_close(parts.eps, whole.eps, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(parts.score_shift, whole.score_shift, atol=1e-3, rtol=1e-3)


def test_held_frames_leave_the_others_their_own(denoiser, frames, told):
    free = torch.tensor([False, True, False, True])
    held = HeldFrames(frames, free)
    part = GuidedDenoiser(denoiser, [], condition=told, held=held)(frames, 300).eps
    whole = GuidedDenoiser(denoiser, [], condition=told)(frames, 300).eps
    torch.testing.assert_close(part[free], whole[free], atol=1e-5, rtol=1e-4)


def test_nothing_told_is_the_empty_condition(denoiser, frames):
    nothing = GuidedDenoiser(denoiser, [])(frames, 300).eps
    zeros = GuidedDenoiser(denoiser, [], condition=torch.zeros(4, DIM))(frames, 300).eps
    assert torch.equal(nothing, zeros)


def test_a_network_that_takes_none_ignores_it(frames, told):
    plain = debug_pack().denoiser
    with_it = GuidedDenoiser(plain, [], condition=told)(frames, 300).eps
    assert torch.equal(with_it, GuidedDenoiser(plain, [])(frames, 300).eps)
