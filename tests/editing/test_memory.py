import os

import numpy as np
import pytest

from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.config.written import parse_bytes
from soundini.editing.memory import MemoryModel, fit_windows, model_memory, watch_peak
from soundini.errors import ConfigError

MODEL = MemoryModel(base=100e6, frame=10e6, passed=30e6)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("4GB", 4e9), ("1.5 GiB", 1.5 * 2**30), ("800m", 8e8), ("123", 123), ("2 tb", 2e12)],
)
def test_amounts(text, amount):
    assert parse_bytes(text) == amount


@pytest.mark.parametrize("text", ["much", "", "4GBs", "-1GB", "1,5GB", "4ib"])
def test_what_is_no_amount(text):
    with pytest.raises(ValueError, match="4GB"):
        parse_bytes(text)


def test_recipe_refuses_what_is_no_amount():
    with pytest.raises(ConfigError, match=r"compute\.memory"):
        override(Recipe(), ["compute.memory=much"])


def fitted(memory, *settings):
    recipe = override(Recipe(), [f"compute.memory={memory}", "window.frames=14", *settings])
    found = fit_windows(recipe, MODEL)
    assert found.compute.memory == ""
    return found.window.frames, found.compute.chunk


def test_enough_memory_changes_nothing():
    assert fitted("1GB") == (14, 0)
    assert fitted("1GB", "compute.chunk=4") == (14, 4)


def test_chunks_shrink_before_windows_do():
    assert fitted("400MB") == (14, 4)  # 0.9 of it: 100 + 140 + 4 · 30
    assert fitted("400MB", "compute.chunk=2") == (14, 2)
    assert fitted("220MB") == (6, 1)  # 100 + 6 · 10 + 30


def test_what_is_chosen_fits_and_the_next_larger_does_not():
    for memory in range(190, 800, 7):
        frames, chunk = fitted(f"{memory}MB")
        chunk = chunk or frames
        assert MODEL.peak(frames, chunk) <= 0.9e6 * memory
        larger = (frames + 1, 1) if chunk == 1 and frames < 14 else (frames, chunk + 1)
        if larger[0] <= 14 and larger[1] <= 14:
            assert MODEL.peak(*larger) > 0.9e6 * memory


def test_windows_never_shrink_below_their_overlaps():
    with pytest.raises(ConfigError, match=r"about \d+ MiB at the least, more than 180MB"):
        fitted("180MB")
    assert fitted("230MB", "window.overlap=3") == (7, 1)


def test_model_is_what_was_measured():
    found = model_memory(lambda n, c: 100e6 + 10e6 * n + 30e6 * c, 14, (0, 0))
    assert (found.base, found.frame, found.passed) == pytest.approx((100e6, 10e6, 30e6))
    assert model_memory(lambda n, c: 130e6, 14, (0, 0)).peak(14) == pytest.approx(130e6)
    assert model_memory(lambda n, c: 130e6, 1, (1000, 1000)).peak(1) > 200e6


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="Linux")
def test_peak_is_that_of_what_is_watched():
    np.ones(200 * 2**17)  # 200 MiB before
    peak = watch_peak()
    before = peak()
    np.ones(50 * 2**17)
    assert 40 < (peak() - before) / 2**20 < 90
