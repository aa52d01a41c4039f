import json

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from soundini.errors import ConfigError
from soundini.evaluation.journal import Journal
from soundini.evaluation.loudness import LoudnessFigures, gain_ramp, steady
from soundini.evaluation.spaces import ZeroShot, class_means, nearest
from soundini.evaluation.targets import Target, conclusion
from soundini.media.sound import Sound
from soundini.metrics.distances import kernel_distance
from soundini.metrics.meters import detail_kept
from soundini.metrics.statistics import rank_correlation
from soundini.training.classes import CLASSES


@pytest.mark.parametrize("seed", range(3))
def test_rank_correlation_is_spearmans_with_ties(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, 40), rng.normal(size=40)
    assert rank_correlation(a, a + b) == pytest.approx(spearmanr(a, a + b).statistic)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, np.ones(40)) == 0


def test_kernel_distance_is_the_sum_over_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 5)), rng.normal(0.5, 1, size=(9, 5))

    def k(x, y):
        return (float(np.dot(x, y)) / 5 + 1) ** 3

    def mean(pairs):
        values = [k(x, y) for x, y in pairs]
        return sum(values) / len(values)

    expected = mean([(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    expected += mean([(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    expected -= 2 * mean([(x, y) for x in a for y in b])
    found = kernel_distance(torch.from_numpy(a), torch.from_numpy(b))
    assert found == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_grows_with_the_shift():
    x = torch.randn(200, 16, generator=torch.Generator().manual_seed(0))
    y = torch.randn(200, 16, generator=torch.Generator().manual_seed(1))
    same, near, far = (kernel_distance(x, y + shift) for shift in (0, 0.3, 1))
    assert abs(same) < 0.1 * near
    assert near < far


def test_a_journal_goes_on_after_a_line_cut_short(tmp_path):
    journal = Journal(tmp_path)
    assert journal.figures({"part": "a", "n": 1}, lambda: {"x": 0.5}) == {"x": 0.5}
    journal.figures({"part": "a", "n": 2}, lambda: {"x": 1})
    path = tmp_path / "results.jsonl"
    path.write_text(path.read_text()[:-5])
    asked = []
    again = Journal(tmp_path)
    for n in (1, 2):
        again.figures({"n": n, "part": "a"}, lambda n=n: asked.append(n) or {"x": n})
    assert asked == [2]
    assert [json.loads(line)[1]["of"]["n"] for line in path.read_text().splitlines()] == [1, 2]


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "results.jsonl").write_text("hello\n")
    with pytest.raises(ConfigError, match="another folder"):
        Journal(tmp_path)


def test_the_nearest_prototype_is_of_a_class_that_has_one():
    embeds = torch.tensor([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]])
    prototypes = class_means(embeds, torch.tensor([2, 2, 8]))
    torch.testing.assert_close(prototypes[2], torch.tensor([0.9487, 0.3162]), atol=1e-4, rtol=0)
    assert not prototypes[[0, 1, 3]].any()
    asked = torch.tensor([[0.0, 1.0], [0.0, -1.0]])
    assert nearest(asked, prototypes).tolist() == [2, 8]


def test_answers_are_counted_by_class_and_source():
    told = ZeroShot.of("sounds", [0, 0, 4], [0, 4, 4], ["a", "b", "b"])
    assert told.confusion.by_class == {CLASSES[0]: 0.5, CLASSES[4]: 1.0}
    assert told.by_source == {"a": (1, 1), "b": (1, 2)}


def test_loudness_is_ranked_by_change_and_by_probability():
    probability, change, strength = [0.2, 0.9, 0.4], [0.3, 0.2, 0.1], [0.3, 0.9, 0.1]
    figures = LoudnessFigures("c", "fire", "r", [0.1, 1, 0.2], probability, change, strength)
    assert figures.by_probability == pytest.approx(1)
    assert figures.by_change == pytest.approx(-0.5)
    assert figures.of_strength == pytest.approx(0.5)


def test_a_recording_that_dies_away_is_brought_to_one_level():
    fading = np.geomspace(1, 0.1, 16000)
    noise = np.random.default_rng(0).standard_normal(16000)
    sound = Sound((fading * noise).astype(np.float32)[None], 8000)
    found = steady(sound, 0.5)
    first, last = (float(np.std(part)) for part in np.array_split(found.samples[0], 2))
    assert found.duration == pytest.approx(1.0)
    assert found.peak == pytest.approx(1.0)
    assert last == pytest.approx(first, rel=0.15)


def test_a_stretch_with_silence_is_not_blown_up():
    samples = np.zeros((1, 8000), np.float32)
    samples[0, :4000:2] = 0.5
    found = steady(Sound(samples, 8000), 0.0)
    assert np.isfinite(found.samples).all()
    assert np.abs(found.samples[0, 4000:]).max() == 0


def test_detail_is_kept_by_a_tint_and_lost_under_noise():
    rng = np.random.default_rng(0)
    source = rng.integers(60, 200, (3, 90, 120, 3), np.uint8)
    mask = np.zeros((3, 90, 120), np.float32)
    mask[:, 10:80, 20:100] = 1
    tinted = (source * [0.5, 0.8, 1.0]).astype(np.uint8)
    assert detail_kept(source, source, mask) == pytest.approx(1)
    assert detail_kept(source, tinted, mask) > 0.95
    assert abs(detail_kept(source, rng.integers(60, 200, source.shape, np.uint8), mask)) < 0.1
    outside = source.copy()
    outside[:, :10] = 0
    assert detail_kept(source, outside, mask) == pytest.approx(1)
    assert detail_kept(source, tinted, 0 * mask) == 0


def test_the_gain_swells_and_dies_away():
    times, gains = zip(*gain_ramp(4.0), strict=True)
    assert times == (0, 2, 4)
    assert gains == (0.1, 1, 0.1)


def test_a_target_is_a_least_or_a_most():
    assert Target("a", 0.5, 0.5).met
    assert not Target("a", 0.5, 0.4).met
    assert Target("a", 0.5, 0.4, most=True).met
    assert not Target("a", 0.5, 0.6, most=True).met


def test_a_conclusion_names_what_is_missed_and_the_worst_first():
    kept = Target("Fire is kept", 0.5, 0.6)
    near = Target("Rain rises", 0.5, 0.4)
    far = Target("Seams", 1.0, 3.0, most=True)
    assert conclusion([kept]) == "All 1 bounds are kept."
    words = conclusion([near, kept, far])
    assert words.startswith(
        "1 of 3 bounds are kept. The farthest from its bound: seams (3.00; at most 1.00"
    )
    assert words.endswith("Also missed: rain rises (0.40; at least 0.50 is wanted).")
