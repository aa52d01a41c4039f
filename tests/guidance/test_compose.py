import math

import pytest
import torch
from torch import nn

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.diffusion.schedule import NoiseSchedule
from soundini.diffusion.secondary import SecondaryDenoiser
from soundini.guidance.compose import GuidedDenoiser, HeldFrames, WeightedTerm
from soundini.guidance.terms import RangeGuidance

T = 400


class Output:
    def __init__(self, sample):
        self.sample = sample


class CountingUNet(nn.Module):
    """A convolution that counts frames forward and backward."""

    def __init__(self, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.conv.weight.data = 0.1 * torch.randn(3, 3, 3, 3, generator=generator)
        self.conv.bias.data.zero_()
        self.forwards = self.backwards = 0

    def forward(self, x, t):
        self.forwards += len(x)
        out = self.conv(x)
        if out.requires_grad:
            out.register_hook(self._count)
        return Output(out)

    def _count(self, gradient):
        self.backwards += len(gradient)


class Brightness:
    """Wants every frame's mean to be one."""

    name = "brightness"

    def __call__(self, context):
        return (context.pred_xstart.mean((1, 2, 3)) - 1).square()


class Forbidden:
    name = "forbidden"

    def __call__(self, context):
        raise AssertionError("a term with weight zero was computed")


class Broken:
    """Gives the second frame an infinite gradient."""

    name = "broken"

    def __call__(self, context):
        factor = torch.ones(len(context.x))
        factor[1] = float("inf")
        return factor * context.pred_xstart.square().sum((1, 2, 3))


@pytest.fixture
def schedule():
    return NoiseSchedule.from_diffusers(
        {"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2"}
    )


def guided(schedule, terms, **options):
    unet = CountingUNet()
    return unet, GuidedDenoiser(UNetDenoiser(unet, schedule), terms, **options)


def frames(count=3, seed=1):
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("gradient", "backward"), [("exact", 3), ("fast", 0)])
def test_one_forward_and_at_most_one_backward_a_frame(schedule, gradient, backward):
    unet, denoise = guided(schedule, [WeightedTerm(1.0, Brightness())], gradient=gradient)
    denoise(frames(), T)
    assert (unet.forwards, unet.backwards) == (3, backward)


def test_normalised_rule_moves_eps_by_strength(schedule):
    strength = torch.tensor([0.1, 0.5, 1.0])
    _, denoise = guided(schedule, [WeightedTerm(1.0, Brightness())], strength=strength, clamp=1e9)
    shift = denoise(frames(), T).score_shift * math.sqrt(1 - schedule.abar(T))
    assert torch.allclose(shift.square().mean((1, 2, 3)).sqrt(), strength, rtol=1e-4)


def test_normalised_rule_ignores_a_common_factor_of_the_lambdas(schedule):
    shifts = []
    for factor in (1.0, 1000.0):
        _, denoise = guided(schedule, [WeightedTerm(factor, Brightness())], strength=0.4)
        shifts.append(denoise(frames(), T).score_shift)
    assert torch.allclose(*shifts, rtol=1e-3)


def test_paper_rule_is_minus_the_gradient(schedule):
    unet, denoise = guided(schedule, [WeightedTerm(7.0, Brightness())], rule="paper")
    x = frames()
    shift = denoise(x, T).score_shift
    leaf = x.clone().requires_grad_()
    abar = schedule.abar(T)
    xstart = (leaf - math.sqrt(1 - abar) * unet.conv(leaf)) / math.sqrt(abar)
    loss = 7 * (xstart.mean((1, 2, 3)) - 1).square().sum()
    assert torch.allclose(shift, -torch.autograd.grad(loss, leaf)[0], atol=1e-6)


def test_guidance_descends_the_loss(schedule):
    for gradient in ("exact", "fast"):
        _, denoise = guided(
            schedule, [WeightedTerm(1.0, Brightness())], gradient=gradient, strength=0.5
        )
        x = frames()
        before = denoise(x, T)
        after = denoise(x + 0.05 * before.score_shift, T)
        assert float(after.diagnostics["brightness"]) < float(before.diagnostics["brightness"])


def test_chunks_change_nothing(schedule):
    for gradient in ("exact", "fast"):
        shifts = []
        for chunk in (0, 2):
            _, denoise = guided(
                schedule, [WeightedTerm(1.0, Brightness())], gradient=gradient, chunk=chunk
            )
            shifts.append(denoise(frames(), T).score_shift)
        assert torch.allclose(*shifts, atol=1e-5)


def test_weight_zero_is_never_computed(schedule):
    unet, denoise = guided(schedule, [WeightedTerm(0.0, Forbidden())])
    assert denoise(frames(), T).score_shift is None
    assert unet.backwards == 0


def test_outside_the_guided_band_nothing_is_added(schedule):
    _, denoise = guided(schedule, [WeightedTerm(1.0, Forbidden())], guide_until=500, guide_from=800)
    assert denoise(frames(), 499).score_shift is None
    assert denoise(frames(), 801).score_shift is None


def test_a_frame_with_a_broken_gradient_is_left_unguided(schedule):
    _, denoise = guided(schedule, [WeightedTerm(1.0, Broken())])
    shift = denoise(frames(), T).score_shift
    assert torch.isfinite(shift).all()
    assert (shift[1] == 0).all()
    assert (shift[0] != 0).any()


def test_gradient_is_clamped(schedule):
    class OnePixel:
        name = "pixel"

        def __call__(self, context):
            return context.pred_xstart[:, 0, 0, 0]

    _, denoise = guided(
        schedule, [WeightedTerm(1.0, OnePixel())], gradient="fast", strength=1.0, clamp=2.0
    )
    shift = denoise(frames(), T).score_shift * math.sqrt(1 - schedule.abar(T))
    assert float(shift.abs().max()) == pytest.approx(2.0, rel=1e-4)


def test_held_frames_cost_nothing_and_are_the_source(schedule):
    source = frames(seed=5)
    held = HeldFrames(source, torch.tensor([True, False, True]))
    unet, denoise = guided(schedule, [WeightedTerm(1.0, RangeGuidance())], held=held)
    prediction = denoise(frames(), T)
    assert unet.forwards == 2
    assert torch.equal(prediction.pred_xstart[1], source[1])
    assert not torch.equal(prediction.pred_xstart[0], source[0])


def test_same_seed_same_views_other_seed_other_views(schedule):
    class Draw:
        name = "draw"

        def __call__(self, context):
            return torch.rand(1, generator=context.generator) * context.pred_xstart.mean((1, 2, 3))

    def losses(seed):
        _, denoise = guided(schedule, [WeightedTerm(1.0, Draw())], seed=seed)
        return [float(denoise(frames(), t).diagnostics["draw"]) for t in (500, 400)]

    assert losses(3) == losses(3)
    assert losses(3) != losses(4)
    assert losses(3)[0] != losses(3)[1]


def _secondary():
    """A small one, of two levels, with random weights."""
    network = SecondaryDenoiser((4, 8))
    generator = torch.Generator().manual_seed(5)
    for parameter in network.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    return network.requires_grad_(False)


def test_a_secondary_gradient_runs_through_the_small_network_alone(schedule):
    denoiser = UNetDenoiser(CountingUNet(), schedule)
    x = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(6))
    secondary = _secondary()
    guided = GuidedDenoiser(
        denoiser,
        [WeightedTerm(2.0, Brightness())],
        rule="paper",
        gradient="secondary",
        secondary=secondary,
        chunk=1,
    )
    said = guided(x, T)
    assert (denoiser.unet.forwards, denoiser.unet.backwards) == (3, 0)
    # the step itself is the large network's
    plain = denoiser(x, T)
    assert torch.allclose(said.eps, plain.eps)
    assert torch.allclose(said.pred_xstart, plain.pred_xstart)
    # the gradient is that of the loss of the small one's estimate
    leaf = x.clone().requires_grad_()
    abar = schedule.abar(T)
    estimate = secondary(leaf, abar)
    (2.0 * (estimate.mean((1, 2, 3)) - 1).square().sum()).backward()
    assert leaf.grad.abs().max() > 1e-4
    assert torch.allclose(said.score_shift, -leaf.grad, atol=1e-7)


def test_held_frames_are_the_source_for_the_small_network_too(schedule):
    denoiser = UNetDenoiser(CountingUNet(), schedule)
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(7))
    held = HeldFrames(torch.zeros(2, 3, 8, 8), torch.tensor([True, False]))
    guided = GuidedDenoiser(
        denoiser,
        [WeightedTerm(1.0, Brightness())],
        rule="paper",
        gradient="secondary",
        secondary=_secondary(),
        held=held,
    )
    shift = guided(x, T).score_shift
    assert shift[0].abs().max() > 0
    assert shift[1].abs().max() == 0
