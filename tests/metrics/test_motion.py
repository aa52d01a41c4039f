import pytest
import torch

from soundini.metrics.meters import MotionMeter


def test_it_is_the_mean_length_of_what_the_source_does_not_explain():
    source = torch.randn(2, 2, 5, 7, generator=torch.Generator().manual_seed(0))
    meter = MotionMeter()
    meter.add(source, source + torch.tensor([3.0, -4.0]).view(1, 2, 1, 1), torch.ones(2, 1, 5, 7))
    assert meter.mean == pytest.approx(5, rel=1e-5)
    meter.add(source, source, torch.ones(2, 1, 5, 7))
    assert meter.mean == pytest.approx(2.5, rel=1e-5)


def test_only_weighted_pixels_count_even_beside_what_is_not_finite():
    meter = MotionMeter()
    assert meter.mean is None
    edited, weight = torch.zeros(1, 2, 2, 2), torch.ones(1, 1, 2, 2)
    edited[..., 0, 0], weight[..., 0, 0] = torch.nan, 0
    edited[0, :, 1, 1] = torch.tensor([0.6, 0.8])
    meter.add(torch.zeros(1, 2, 2, 2), edited, weight)
    assert meter.mean == pytest.approx(1 / 3)
