import math

import numpy as np
import pytest
import torch

from soundini.metrics.meters import FidelityMeter


def pictures(seed, count=2, size=(24, 32)):
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(seed))


def measured(source, edited, weight):
    meter = FidelityMeter()
    meter.add(source, edited, weight)
    return meter


def test_equal_pictures_are_perfect():
    source = pictures(0)
    meter = measured(source, source.clone(), torch.ones(2, 1, 24, 32))
    assert meter.psnr == math.inf
    assert meter.ssim == pytest.approx(1)


def test_a_change_where_nothing_counts_costs_no_psnr_and_far_away_no_ssim():
    source = pictures(0)
    edited = source.clone()
    edited[..., :10] = 1 - edited[..., :10]
    weight = torch.ones(2, 1, 24, 32)
    weight[..., :10] = 0
    assert measured(source, edited, weight).psnr == math.inf
    assert measured(source, edited, weight).ssim < 1  # its window reaches over the edge
    weight[..., : 10 + 5] = 0
    assert measured(source, edited, weight).ssim == pytest.approx(1)


def test_psnr_is_that_of_all_weighted_pixels():
    source, edited = pictures(0), pictures(1)
    weight = (torch.rand(2, 1, 24, 32, generator=torch.Generator().manual_seed(2)) > 0.5).float()
    inside = weight.expand(2, 3, 24, 32).bool().numpy()
    squares = (source.numpy() - edited.numpy())[inside].astype(np.float64) ** 2
    meter = measured(source, edited, weight)
    assert meter.psnr == pytest.approx(-10 * math.log10(squares.mean()))


def test_ssim_of_flat_pictures_is_its_luminance_term():
    a, b = 0.3, 0.6
    flat = torch.ones(1, 3, 16, 16)
    expected = (2 * a * b + 0.01**2) / (a * a + b * b + 0.01**2)
    meter = measured(a * flat, b * flat, flat[:, :1])
    assert meter.ssim == pytest.approx(expected, abs=1e-3)


def test_frames_add_up_whatever_the_chunks():
    source, edited, weight = pictures(0, 4), pictures(1, 4), torch.ones(4, 1, 24, 32)
    whole = measured(source, edited, weight)
    parts = FidelityMeter()
    for part in (slice(0, 1), slice(1, 4)):
        parts.add(source[part], edited[part], weight[part])
    assert parts.psnr == pytest.approx(whole.psnr)
    assert parts.ssim == pytest.approx(whole.ssim)


def test_a_mask_that_leaves_nothing_gives_no_figure():
    meter = measured(pictures(0), pictures(1), torch.zeros(2, 1, 24, 32))
    assert meter.psnr is None
    assert meter.ssim is None
