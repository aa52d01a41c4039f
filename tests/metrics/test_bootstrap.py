import numpy as np
import pytest

from soundini.metrics.statistics import bootstrap_interval


def test_the_interval_is_that_of_the_normal_where_there_are_many():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = bootstrap_interval(values.tolist())
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)


def test_one_item_is_its_own_interval():
    assert bootstrap_interval([0.7]) == (pytest.approx(0.7), pytest.approx(0.7))


def test_the_same_items_give_the_same_interval():
    assert bootstrap_interval([1, 2, 4]) == bootstrap_interval([1, 2, 4])


def test_less_confidence_is_narrower():
    values = [1.0, 2, 3, 5, 8]
    narrow, wide = bootstrap_interval(values, 0.5), bootstrap_interval(values, 0.95)
    assert wide[0] < narrow[0] < np.mean(values) < narrow[1] < wide[1]
