import pytest

from soundini.benchmark.suite import load_suite
from soundini.errors import ConfigError

SUITE = """
clips: [{clip: a.mp4, box: "0,0,1,1"}]
sounds: {fire: a.wav, fire-to-rain: [a.wav, b.wav]}
variants: {ours: [sampling.steps=3], no-flow: [sampling.steps=3, guidance.lambda_flow=0]}
sweep: {setting: guidance.lambda_flow, values: [0, 5, 20]}
"""


@pytest.fixture
def load(tmp_path):
    for name in ("a.mp4", "a.wav", "b.wav"):
        (tmp_path / name).touch()

    def call(old="", new=""):
        assert old in SUITE
        (tmp_path / "suite.yaml").write_text(SUITE.replace(old, new) if old else SUITE)
        return load_suite(tmp_path / "suite.yaml", tmp_path)

    return call


def test_a_sweep_adds_only_what_no_variant_has(load):
    suite = load()
    assert suite.points == [(0, "no-flow"), (5, "lambda_flow-5"), (20, "ours")]
    assert list(suite.compared) == ["ours", "no-flow", "lambda_flow-5"]
    recipe = suite.recipe("lambda_flow-5")
    assert (recipe.guidance.lambda_flow, recipe.sampling.steps) == (5, 3)
    assert load("sweep: {setting: guidance.lambda_flow, values: [0, 5, 20]}").points == []


def test_a_sound_that_turns_has_two_files_and_others_have_one(load):
    suite = load()
    assert suite.files("fire") == ("a.wav",)
    assert suite.files("fire-to-rain") == ("a.wav", "b.wav")
    for old, new in (("[a.wav, b.wav]", "a.wav"), ("fire-to-rain:", "rain:")):
        with pytest.raises(ConfigError, match="fire has one file, fire-to-rain has two"):
            load(old, new)
    with pytest.raises(ConfigError, match=r"there is no c\.wav"):
        load("b.wav]", "c.wav]")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("setting: guidance.lambda_flow", "setting: guidance.lambda_flaw", "unknown setting"),
        ("values: [0, 5, 20]", "values: [5]", "values"),
        ("values: [0, 5, 20]", "values: [0, -5]", "lambda_flow--5"),
        ("no-flow:", "lambda_flow-5:", "is a point of the sweep's too"),
    ],
)
def test_a_wrong_sweep_is_refused(load, old, new, words):
    with pytest.raises(ConfigError, match=words):
        load(old, new)
