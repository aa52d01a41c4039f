import numpy as np
import pytest

from soundini.editing.heard_as import CROSS_FADE, SYNONYMS, class_of, said_shares
from soundini.errors import ConfigError
from soundini.packs.loading import sound_classes

CLASSES = sound_classes("embedded")


def test_common_words_stand_for_classes_the_pack_knows():
    assert set(SYNONYMS) == set(CLASSES)
    words = [word for words in SYNONYMS.values() for word in words]
    assert len(set(words)) == len(words)
    for word, name in {
        "Storm": "thunderstorm",
        "LIGHTNING": "thunderstorm",
        "ocean": "sea",
        "waves": "sea",
        "stream": "river",
        "bubbles": "underwater",
        "flames": "fire",
        "blast": "explosion",
        "breeze": "snow_wind",
        "blizzard": "snow_wind",
        "snow wind": "snow_wind",
        "Snow-Wind": "snow_wind",
    }.items():
        assert class_of(word, CLASSES) == name


def test_synonyms_of_classes_that_a_pack_lacks_are_unknown():
    with pytest.raises(ConfigError, match="the models know one, two"):
        class_of("storm", sound_classes("debug"))


def test_an_unknown_word_is_answered_by_the_known_ones_and_the_nearest():
    with pytest.raises(ConfigError) as caught:
        said_shares("0s:fire,1s:rian", [0.0], CLASSES)
    assert all(name in str(caught.value) for name in CLASSES)
    assert str(caught.value).endswith("the nearest is rain")


def test_models_without_classes_are_told_of_text():
    with pytest.raises(ConfigError, match=r"guidance\.text"):
        said_shares("rain", [0.0], sound_classes("paper-256"))


def test_parts_give_way_to_each_other_within_the_cross_fade():
    times = np.linspace(0, 6, 241)
    shares = said_shares("0s:fire,2s:rain,2.2s:sea=3,wind=1", times.tolist(), CLASSES)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
    fire, sea = (shares[:, CLASSES.index(name)] for name in ("fire", "sea"))
    assert (fire[times < 1.9] == 1).all()
    assert (sea[times > 2.3] == 0.75).all()
    assert (
        np.abs(np.diff(fire)).max() <= 0.025 / 0.2 + 1e-6
    )  # a short part fades faster, never at once
    plain = said_shares("0s:fire,3s:rain", [3 - CROSS_FADE / 2, 3, 3 + CROSS_FADE / 2], CLASSES)
    np.testing.assert_allclose(plain[:, CLASSES.index("rain")], [0, 0.5, 1], atol=1e-6)
