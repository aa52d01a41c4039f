import pytest

from soundini.config.presets import load_preset, override
from soundini.config.written import parse_heard_as
from soundini.errors import ConfigError


def read(text):
    return [(part.begin, dict(part.shares)) for part in parse_heard_as(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("rain", [(0, {"rain": 1})]),
        (" rain = 7 , storm=3", [(0, {"rain": 0.7, "storm": 0.3})]),
        ("rain,storm", [(0, {"rain": 0.5, "storm": 0.5})]),
        ("0s:fire,4.2s:rain", [(0, {"fire": 1}), (4.2, {"rain": 1})]),
        ("1:fire, 2 : rain=1,wind=3", [(1, {"fire": 1}), (2, {"rain": 0.25, "wind": 0.75})]),
    ],
)
def test_words_mixtures_and_timelines(text, parts):
    found = read(text)
    assert [begin for begin, _ in found] == [begin for begin, _ in parts]
    for (_, shares), (_, expected) in zip(found, parts, strict=True):
        assert shares == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "rain=",
        "rain=0",
        "rain=-1",
        "rain=nan",
        "rain=inf",
        "=1",
        ",",
        "a,,b",
        "0s:",
        "0s:a,0s:b",
        "a,1s:b",
    ],
)
def test_what_cannot_be_read_is_a_setting_out_of_range(text):
    with pytest.raises(ConfigError, match=r"sound\.heard_as"):
        override(load_preset("fast"), [f"sound.heard_as={text}"])
