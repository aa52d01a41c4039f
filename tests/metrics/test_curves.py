import numpy as np
import pytest

from soundini.metrics.statistics import peak_alignment, peaks


def bumps(*at, count=30):
    times = np.arange(count)
    return sum(np.exp(-(((times - t) / 1.2) ** 2)) for t in at)


def test_peaks_are_where_the_bumps_are():
    assert peaks(bumps(5, 14, 24)).tolist() == [5, 14, 24]


def test_a_plateau_is_one_peak_and_a_slope_none():
    assert peaks(np.array([0, 0, 1, 1, 0, 0.0])).tolist() == [2]
    assert peaks(np.arange(9.0)).tolist() == []
    assert peaks(np.ones(9)).tolist() == []


def test_ripples_below_the_mean_are_no_peaks():
    curve = np.array([0, 0.1, 0, 0.1, 0, 5, 0, 0.1, 0])
    assert peaks(curve).tolist() == [5]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [((5, 14, 24), 1), ((6, 13, 24), 1), ((8, 17, 27), 0), ((5,), 2 / 4), ((5, 20), 2 / 5)],
)
def test_alignment_is_the_share_of_peaks_with_a_partner(seen, expected):
    assert peak_alignment(bumps(5, 14, 24), bumps(*seen)) == pytest.approx(expected)


def test_alignment_is_symmetric():
    a, b = bumps(5, 14, 24), bumps(6, 20)
    assert peak_alignment(a, b) == peak_alignment(b, a)


def test_peaks_on_one_side_only_are_all_missed_and_none_at_all_is_no_figure():
    still = np.ones(30)
    assert peak_alignment(bumps(5, 14), still) == 0
    assert peak_alignment(still, bumps(5, 14)) == 0
    assert peak_alignment(still, still) is None
    assert peak_alignment(np.ones(1), np.ones(1)) is None
