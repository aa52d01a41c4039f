import pytest
import torch
import torch.nn.functional as F

from soundini.flow.pairs import FlowPairs
from soundini.guidance.augment import AugmentConfig, affine_views
from soundini.guidance.context import GuidanceContext
from soundini.guidance.sound import (
    DirectionalSoundGuidance,
    RegionEmbeddings,
    SoundGuidance,
    mask_region,
    pairs_to_frames,
)
from soundini.guidance.temporal import FlowGuidance
from soundini.guidance.terms import BackgroundGuidance, RangeGuidance


class MeanColour:
    """A joint space in which an image is its mean colour."""

    dim, image_size, sample_rate, window_seconds = 3, 8, 16_000, 1.0

    def __init__(self):
        self.calls = 0

    def embed_images(self, images):
        self.calls += 1
        return F.normalize(images.mean((2, 3)), dim=-1)


def colour(*rgb, count=1, side=16):
    return torch.tensor(rgb).view(1, 3, 1, 1).expand(count, 3, side, side).clone()


def full_mask(count, side=16):
    return torch.ones(count, 1, side, side)


def shifting_texture(count=3, side=24, step=2):
    """A texture that moves ``step`` pixels to the right a frame, and its true flow."""
    generator = torch.Generator().manual_seed(0)
    wide = torch.rand(1, 3, side, side + step * count, generator=generator) * 2 - 1
    frames = torch.cat([wide[..., step * (count - 1 - i) :][..., :side] for i in range(count)])
    flow = torch.zeros(count - 1, 2, side, side)
    flow[:, 0] = step
    visible_fwd = torch.ones(count - 1, 1, side, side)
    visible_bwd = visible_fwd.clone()
    visible_fwd[..., -step:] = 0
    visible_bwd[..., :step] = 0
    return frames, FlowPairs(flow, -flow, visible_fwd, visible_bwd)


def test_sound_guidance_is_zero_at_the_target_and_two_opposite(context):
    joint = MeanColour()
    target = F.normalize(torch.tensor([[1.0, 0.2, 0.1]]), dim=-1)
    for sign, expected in ((1, 0.0), (-1, 2.0)):
        frames = colour(*(sign * target[0]).tolist())
        embeddings = RegionEmbeddings(joint, full_mask(1), AugmentConfig(views=3))
        loss = SoundGuidance(embeddings, target)(context(frames))
        assert loss.tolist() == pytest.approx([expected], abs=1e-5)


def test_embeddings_are_computed_once_a_step(context):
    joint = MeanColour()
    embeddings = RegionEmbeddings(joint, full_mask(2), AugmentConfig(views=2))
    targets = F.normalize(torch.eye(3)[:2], dim=-1)
    step = context(colour(0.5, 0.1, 0.1, count=2))
    SoundGuidance(embeddings, targets)(step)
    DirectionalSoundGuidance(embeddings, targets)(step)
    assert joint.calls == 1


def test_sound_guidance_looks_only_inside_the_mask(context):
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:12, 4:12] = 1
    term = SoundGuidance(
        RegionEmbeddings(MeanColour(), mask, AugmentConfig(views=4)), torch.eye(3)[:1]
    )
    frames = (torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))).requires_grad_()
    (gradient,) = torch.autograd.grad(term(context(frames)).sum(), frames)
    assert (gradient * (1 - mask) == 0).all()
    assert (gradient * mask != 0).any()


def test_directional_guidance_wants_the_sounds_direction(context):
    targets = F.normalize(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), dim=-1)
    embeddings = RegionEmbeddings(MeanColour(), full_mask(2), AugmentConfig(views=1))
    term = DirectionalSoundGuidance(embeddings, targets)
    along = torch.cat([colour(1.0, 0.0, 0.0), colour(0.0, 1.0, 0.0)])
    assert term(context(along)).sum().item() == pytest.approx(0, abs=1e-5)
    assert term(context(along.flip(0))).sum().item() == pytest.approx(2, abs=1e-5)


def test_directional_guidance_leaves_out_pairs_without_change(context):
    targets = torch.eye(3)[:1].expand(3, -1)
    embeddings = RegionEmbeddings(MeanColour(), full_mask(3), AugmentConfig(views=1))
    term = DirectionalSoundGuidance(embeddings, targets)
    loss = term(context(torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))))
    assert (loss == 0).all()


# the sound moves along the second axis, the picture from it to the first: cos = -1 / sqrt(2)
@pytest.mark.parametrize(("min_change", "expected"), [(1e-2, 0.0), (1e-5, 1 + 0.5**0.5)])
def test_directional_guidance_counts_a_pair_from_a_least_change_on(context, min_change, expected):
    targets = F.normalize(torch.tensor([[1.0, 0.0, 0.0], [1.0, 1e-3, 0.0]]), dim=-1)
    embeddings = RegionEmbeddings(MeanColour(), full_mask(2), AugmentConfig(views=1))
    term = DirectionalSoundGuidance(embeddings, targets, min_change)
    against = torch.cat([colour(0.0, 1.0, 0.0), colour(1.0, 0.0, 0.0)])
    assert term(context(against)).sum().item() == pytest.approx(expected, abs=1e-3)


def test_flow_guidance_is_zero_on_a_moving_texture_and_not_with_the_sign_turned(context):
    frames, pairs = shifting_texture()
    assert FlowGuidance(pairs)(context(frames)).max() < 1e-9
    turned = FlowPairs(pairs.flow_bwd, pairs.flow_fwd, pairs.visible_bwd, pairs.visible_fwd)
    assert FlowGuidance(turned)(context(frames)).min() > 0.05


def test_flow_guidance_sees_the_whole_frame(context):
    frames, pairs = shifting_texture()
    frames[1, :, :4, :4] += 0.5
    assert (FlowGuidance(pairs)(context(frames)) > 0).all()


def test_flow_guidance_ignores_what_is_hidden(context):
    frames, pairs = shifting_texture(count=2)
    frames[1, :, :, :2] = 5.0  # comes into view from the left: no frame before shows it
    assert FlowGuidance(pairs)(context(frames)).max() < 1e-9


def test_flow_ramp_is_progress(context):
    frames, pairs = shifting_texture()
    noisy = frames + 0.1 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(0))
    plain = FlowGuidance(pairs, ramp=False)(context(noisy, t=250))
    ramped = FlowGuidance(pairs)(context(noisy, t=250))
    assert torch.allclose(ramped, 0.75 * plain)


def test_flow_anchor_pulls_the_first_frame_only(context):
    frames, pairs = shifting_texture(count=3)
    wrong_anchor = frames[:1] + 0.3
    loss = FlowGuidance(pairs, anchor=wrong_anchor)(context(frames[1:]))
    assert loss[0] > 0.01
    assert loss[1] < 1e-9


def test_background_guidance_ignores_the_inside(context):
    source = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(2, 1, 16, 16)
    mask[..., 4:12, 4:12] = 1
    term = BackgroundGuidance(source, mask)
    assert (term(context(source + 0.4 * mask)) == 0).all()
    assert (term(context(source + 0.4 * (1 - mask))) > 0.1).all()


def test_range_guidance_counts_only_what_leaves_the_range(context):
    inside = torch.full((1, 3, 4, 4), 0.9)
    assert RangeGuidance()(context(inside)).item() == 0
    assert RangeGuidance()(context(inside + 1.1)).item() == pytest.approx(1.0)


def test_first_view_is_the_plain_region():
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    views = affine_views(
        images, (8, 8, 24, 24), 16, AugmentConfig(views=3), torch.Generator().manual_seed(1)
    )
    assert views.shape == (3, 2, 3, 16, 16)
    assert torch.allclose(views[0], images[..., 8:24, 8:24], atol=1e-5)


def test_views_are_the_same_for_all_frames():
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    views = affine_views(
        image.expand(3, -1, -1, -1),
        (0, 0, 32, 32),
        16,
        AugmentConfig(views=4),
        torch.Generator().manual_seed(1),
    )
    assert torch.equal(views[:, 0], views[:, 2])
    assert not torch.allclose(views[1], views[2])


def test_mask_region_covers_all_frames():
    mask = torch.zeros(2, 1, 16, 20)
    mask[0, :, 2:5, 3:6] = 1
    mask[1, :, 8:10, 12:19] = 1
    assert mask_region(mask) == (3, 2, 19, 10)


def test_pairs_to_frames_keeps_the_sum():
    assert pairs_to_frames(torch.tensor([2.0, 4.0])).tolist() == [1.0, 3.0, 2.0]


def test_flow_guidance_lets_each_pixel_follow_the_motion_it_fits():
    """A still scene with a falling texture in its left half: free of loss where both motions are known."""
    generator = torch.Generator().manual_seed(0)
    tall = torch.rand(1, 3, 40, 16, generator=generator)
    frames = torch.rand(1, 3, 24, 16, generator=generator).repeat(3, 1, 1, 1)
    for i in range(3):
        frames[i, :, :, :8] = tall[0, :, 8 - 4 * i + 4 : 32 - 4 * i + 4, :8]
    still = torch.zeros(2, 2, 24, 16)
    falls = still.clone()
    falls[:, 1] = 4
    seen, seen_fwd, seen_bwd = (torch.ones(2, 1, 24, 16) for _ in range(3))
    seen_fwd[:, :, -4:] = 0
    seen_bwd[:, :, :4] = 0
    scene = FlowPairs(still, still, seen, seen)
    effect = FlowPairs(falls, -falls, seen_fwd, seen_bwd)
    context = GuidanceContext(
        x=frames,
        pred_xstart=frames,
        x_in=frames,
        t=0,
        num_timesteps=1000,
        generator=generator,
    )
    alone, both = (
        FlowGuidance(scene, ramp=False, effect=known)(context).sum() for known in (None, effect)
    )
    assert both < 0.35 * alone  # what is left comes in at the top and goes out at the foot
