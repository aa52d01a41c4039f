import numpy as np
import pytest
import scipy.linalg
import torch

from soundini.metrics.distances import frechet_distance


def drawn(count, features, seed, shift=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, features)) @ rng.normal(size=(features, features))
    return torch.from_numpy(mixed * scale + shift)


@pytest.mark.parametrize(("n", "m"), [(40, 60), (5, 7), (2, 30)])
def test_it_is_the_distance_of_the_fitted_gaussians(n, m):
    a, b = drawn(n, 12, 0), drawn(m, 12, 1, shift=0.5, scale=1.7)
    c, d = (np.cov(x.numpy(), rowvar=False) for x in (a, b))
    root = scipy.linalg.sqrtm(c @ d + 1e-12 * np.eye(12)).real
    mean = ((a.mean(0) - b.mean(0)) ** 2).sum().item()
    expected = mean + np.trace(c + d - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-4)


def test_torchmetrics_finds_the_same():
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Given(torch.nn.Module):
        num_features = 12

        def forward(self, features):
            return features

    a, b = drawn(40, 12, 0), drawn(50, 12, 1, shift=0.3)
    meter = FrechetInceptionDistance(Given(), antialias=False).set_dtype(torch.float64)
    meter.update(a, real=True)
    meter.update(b, real=False)
    assert frechet_distance(a, b) == pytest.approx(float(meter.compute()), rel=1e-6)


def test_it_is_nothing_between_equals_and_grows_with_a_shift():
    a = drawn(9, 30, 0)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(a, a + 2) == pytest.approx(30 * 4)
    assert frechet_distance(a.float(), drawn(9, 30, 1).float()) > 0
