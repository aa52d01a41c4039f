import json

import pytest
from PIL import Image

from soundini.demo.sounds import crackle, write_wav
from soundini.packs.loading import sound_classes

from .conftest import BOX, QUICK


@pytest.fixture
def fire(tmp_path):
    path = tmp_path / "fire.wav"
    write_wav(path, crackle(3.0))
    return path


def test_it_prints_what_is_heard_and_draws_it(run, fire, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "heard.png"
    code, out, err = run("hear", fire, "--plot", picture)
    assert (code, err) == (0, "")
    assert f"{fire}: fire " in out
    assert "0.0 to 3.0 s  fire" in out
    with Image.open(picture) as image:
        assert min(image.size) > 200


def test_it_prints_a_json_object_for_each_file(run, fire):
    code, out, _ = run("hear", fire, fire, "--json")
    assert code == 0
    one, two = (json.loads(line) for line in out.splitlines())
    assert one == two
    assert set(one) == {"file", "mean", "times", "shares"}
    assert one["file"] == str(fire)
    assert set(one["mean"]) == set(one["shares"]) == set(sound_classes("embedded"))
    assert next(iter(one["mean"])) == "fire"
    assert all(len(values) == len(one["times"]) for values in one["shares"].values())
    assert sum(values[0] for values in one["shares"].values()) == pytest.approx(1, abs=1e-2)


def test_it_warns_of_what_is_none_of_the_known_kinds(run, video):
    code, out, err = run("hear", video)  # a tone
    assert code == 0
    assert "none" in out.splitlines()[0]
    assert "--heard-as" in err


def test_a_picture_must_be_a_png_that_is_no_input(run, fire):
    for name in ("heard.jpg", str(fire)):
        code, _, err = run("hear", fire, "--plot", name)
        assert code == 2
        assert err.count("\n") == 1
    assert fire.stat().st_size > 1000


def test_an_edit_goes_by_what_the_user_says_and_records_both(run, video, sound, out):
    edit = ("edit", video, "-s", sound, "--box", BOX, "-o", out, *QUICK)
    code, printed, _ = run(*edit, "--heard-as", "two=3,one=1")
    assert code == 0
    assert "; it is edited as two=3,one=1, as you say" in printed
    record = json.loads(out.with_suffix(".recipe.json").read_text())
    assert record["sound"]["heard_as"] == "two=3,one=1"
    assert sum(record["sound"]["heard"].values()) == pytest.approx(1, abs=1e-3)
    assert record["request"]["recipe"]["sound"]["heard_as"] == "two=3,one=1"
    again = out.with_name("again.mp4")
    code, printed, _ = run("edit", "--recipe", out.with_suffix(".recipe.json"), "-o", again)
    assert code == 0
    assert again.read_bytes() == out.read_bytes()


def test_an_unknown_word_is_refused_before_anything_is_written(run, video, sound, out):
    edit = ("edit", video, "-s", sound, "--box", BOX, "-o", out, *QUICK)
    code, _, err = run(*edit, "--heard-as", "tow")
    assert (code, err.count("\n")) == (2, 1)
    assert "the models know one, two; the nearest is two" in err
    assert list(out.parent.iterdir()) == []


def test_an_edit_as_none_says_so_before_it_starts(run, video, sound, out):
    code, printed, _ = run(
        *("edit", video, "-s", sound, "--box", BOX, "-o", out, "--heard-as", "none", "--dry-run")
    )
    assert code == 0
    assert "edited as none of the known kinds" in printed
