"""What holds for every perceptual distance."""

import pytest
import torch
import torch.nn.functional as F

from soundini.perceptual import PerceptualDistance


def _pairs(image, side=64):
    a = torch.cat((image(side, side, 1), image(side, side, 2)))
    return a, torch.cat((image(side, side, 3), image(side, side, 2)))


def test_is_a_distance(distance, image):
    assert isinstance(distance, PerceptualDistance)
    a, b = _pairs(image)
    values = distance(a, b)
    assert values.shape == (2,)
    assert values[0] > 0
    assert values[1] == 0  # equal images
    assert torch.allclose(values, distance(b, a), atol=1e-6)


def test_a_blurred_copy_is_nearer_than_another_image(distance, image):
    a = image(96, 96, 1)
    blurred = F.avg_pool2d(F.pad(a, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    assert distance(blurred, a) < 0.5 * distance(image(96, 96, 2), a)


def test_prepared_target_equals_the_direct_way(distance, image):
    a, b = _pairs(image)
    weight = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    target = distance.prepare(b)
    assert len(target) == 2
    assert torch.equal(distance.distance_to(target, a), distance(a, b))
    assert torch.equal(distance.distance_to(target, a, weight), distance(a, b, weight))
    part = distance.distance_to(target[1:2].to("cpu"), a[:1])
    assert torch.allclose(part, distance(a[:1], b[1:2]), rtol=1e-4)


def test_preparing_computes_the_fixed_side_once(distance, image, monkeypatch):
    a, b = _pairs(image)
    target = distance.prepare(b)
    seen = []
    compute = distance.features
    monkeypatch.setattr(distance, "features", lambda x: seen.append(x) or compute(x))
    distance.distance_to(target, a)
    assert len(seen) == 1
    assert torch.equal(seen[0], a)


def test_gradients_reach_a_and_only_a(distance, image):
    a, b = _pairs(image)
    a.requires_grad_()
    b.requires_grad_()
    distance(a[:1], b[:1]).sum().backward()
    assert a.grad.isfinite().all()
    assert a.grad[0].abs().sum() > 0
    assert b.grad is None
    assert not any(parameter.requires_grad for parameter in distance.parameters())


def test_gradients_are_finite_on_flat_and_equal_images(distance):
    a = torch.full((1, 3, 64, 64), -1.0, requires_grad=True)
    distance(a, torch.full((1, 3, 64, 64), -1.0)).sum().backward()
    assert a.grad.isfinite().all()


def test_gradient_predicts_the_change(distance, image):
    b, a = image(48, 48, 3), image(48, 48, 4).requires_grad_()
    target = distance.prepare(b)
    first = distance.distance_to(target, a)
    (gradient,) = torch.autograd.grad(first.sum(), a)
    drop = first - distance.distance_to(target, a - 0.01 * gradient / gradient.norm())
    assert drop.item() == pytest.approx(0.01 * gradient.norm().item(), rel=0.1)


def test_weight_of_ones_changes_nothing_and_of_zeros_gives_zero(distance, image):
    a, b = _pairs(image)
    assert torch.allclose(distance(a, b, torch.ones(2, 1, 64, 64)), distance(a, b), rtol=1e-5)
    assert torch.equal(distance(a, b, torch.zeros(1, 1, 64, 64)), torch.zeros(2))


def test_weight_finds_the_side_that_changed(distance, image):
    b = image(128, 128, 1)
    a = b.clone()
    a[..., :48] = image(128, 128, 2)[..., :48]
    left = torch.zeros(1, 1, 128, 128)
    left[..., :48] = 1
    assert distance(a, b, left) > 3 * distance(a, b, 1 - left)


def test_blanking_both_images_makes_the_mask_invisible(distance, image):
    a, b = image(64, 64, 1), image(64, 64, 2)
    background = torch.ones(1, 1, 64, 64)
    background[..., 20:44, 16:50] = 0
    edited = torch.where(background > 0, a, image(64, 64, 5))
    before, after = (distance(x * background, b * background, background) for x in (a, edited))
    assert torch.equal(before, after)


@pytest.mark.parametrize("size", [(33, 70), (64, 65)])
def test_odd_sizes(distance, image, size):
    a, b = image(*size, 1), image(*size, 2)
    assert distance(a, b, torch.ones(1, 1, *size)).isfinite().all()
    for tap in distance.features(a):
        assert tap.shape[0] == 1


def test_half_precision_images(distance, image):
    a, b = _pairs(image)
    values = distance(a.to(torch.bfloat16), b.to(torch.bfloat16))
    assert values.dtype == torch.bfloat16
    assert torch.allclose(values.float(), distance(a, b), rtol=0.05)


def test_a_target_of_other_images_is_refused(distance, image):
    target = distance.prepare(image(64, 64))
    with pytest.raises(ValueError, match="target of 1 images"):
        distance.distance_to(target, image(64, 72))
    with pytest.raises(ValueError, match="target of 1 images"):
        distance.distance_to(target, image(64, 64).repeat(2, 1, 1, 1))


def test_autocast_on_flat_images_is_finite(distance, image):
    a = torch.zeros(1, 3, 32, 32, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = distance(a, image(32, 32))
    values.sum().backward()
    assert values.dtype == torch.float32
    assert values.isfinite().all()
    assert a.grad.isfinite().all()
