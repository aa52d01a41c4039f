import numpy as np

from soundini.judge.confusion import Confusion


def test_shares_are_those_of_the_counts():
    confusion = Confusion.of(("a", "b", "c"), [0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 2])
    assert np.array_equal(confusion.counts, [[3, 1, 0], [0, 1, 1], [0, 0, 0]])
    assert confusion.accuracy == 4 / 6
    assert confusion.by_class == {"a": 0.75, "b": 0.5}
    assert confusion.balanced == 0.625


def test_nothing_is_nothing_right():
    empty = Confusion.of(("a", "b"), [], [])
    assert empty.accuracy == empty.balanced == 0
    assert empty.by_class == {}


def test_the_table_shows_the_classes_that_occur():
    table = Confusion.of(("a", "b"), [0, 0], [0, 1]).markdown()
    assert "| **a** | 1 | 1 | 50% |" in table
    assert "**b**" not in table
