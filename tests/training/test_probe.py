import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

from soundini.training.probe import example_weights, fit_probe, fit_temperature


@pytest.fixture(scope="module")
def clouds():
    """Three overlapping clouds of points of very unequal numbers, on axes of unequal scale."""
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], [200, 60, 20])
    centres = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, -1]], float)
    points = (centres[targets] + rng.normal(0, 0.8, (len(targets), 4))) * [1, 10, 0.1, 3] + 5
    return torch.from_numpy(points).float(), torch.from_numpy(targets)


def fit(features, targets, l2):
    return fit_probe(
        features, F.one_hot(targets, 3).float(), example_weights(targets, torch.ones(3)), l2
    )


@pytest.mark.parametrize("l2", [0.01, 0.3])
def test_it_is_the_logistic_regression_of_scikit_learn(clouds, l2):
    features, targets = clouds
    probe = fit(features, targets, l2)
    x = ((features - features.mean(0)) / features.std(0)).numpy()
    reference = LogisticRegression(
        C=1 / (l2 * len(x)), class_weight="balanced", tol=1e-8, max_iter=1000
    ).fit(x, targets.numpy())
    ours = probe.logits(features).softmax(1).numpy()
    np.testing.assert_allclose(ours, reference.predict_proba(x), atol=2e-3)


def test_classes_count_by_their_importance(clouds):
    _, targets = clouds
    share = example_weights(targets, torch.tensor([1.0, 1.0, 2.0, 5.0]))
    sums = [float(share[targets == k].sum()) for k in range(3)]
    assert sums == pytest.approx([len(targets) * part for part in (0.25, 0.25, 0.5)], rel=1e-5)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_temperature_undoes_a_scale(clouds, scale):
    features, targets = clouds
    logits = fit(features, targets, 1e-3).logits(features)
    plain, loss = fit_temperature(logits, targets, torch.ones(3))
    scaled, same = fit_temperature(scale * logits, targets, torch.ones(3))
    assert scaled == pytest.approx(scale * plain, rel=0.08)
    assert same == pytest.approx(loss, rel=1e-3)
