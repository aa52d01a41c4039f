import json
import shutil

import numpy as np
import pytest

import media_factory as make
from soundini.cli import main

from .conftest import BOX, QUICK, assert_refused, write_noise

FIRE = ("--sound-class", "fire")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An edit without sound, with its recipe; the video and the sound lie beside it."""
    folder = tmp_path_factory.mktemp("edited")
    video = make.write_video(folder / "in.mp4", 6, audio=make.tone(0.25))
    (folder / "out").mkdir()
    asked = ["edit", video, "-s", write_noise(folder), "--box", BOX, "-o", folder / "out/out.mp4"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOUNDINI_HOME", str(tmp_path_factory.mktemp("home")))
        assert main([*map(str, asked), *QUICK, "--audio", "none"]) == 0
    return folder


@pytest.fixture
def edited(done, tmp_path):
    """A copy of that."""
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out" / "out.mp4"


def test_an_edit_is_measured_from_its_recipe_alone(run, edited, tmp_path):
    found = tmp_path / "figures.json"
    before = sorted(p.name for p in edited.parent.iterdir())
    code, told, err = run("measure", edited, *FIRE, "--json", found)
    assert (code, err) == (0, "")
    assert sorted(p.name for p in edited.parent.iterdir()) == before
    figures = json.loads(found.read_text())
    assert len(figures["loudness"]) == len(figures["change"]) == len(figures["after"]) == 6
    assert all(0 <= p <= 1 for p in figures["before"] + figures["after"])
    assert figures["psnr_outside"] > 30  # only the codec touched it
    assert figures["region"]["pairs"] == figures["whole"]["pairs"] == 5
    assert np.mean(figures["change"]) > 0.01
    for name in ("warp error, region", "PSNR outside", "looks like fire", "peaks align"):
        assert name in told


def test_a_copy_of_the_source_changes_nothing(run, edited, video, tmp_path):
    copy, found = tmp_path / "copy.mp4", tmp_path / "figures.json"
    shutil.copy(video, copy)
    recipe = edited.with_suffix(".recipe.json")
    assert run("measure", copy, "--recipe", recipe, *FIRE, "--json", found)[0] == 0
    figures = json.loads(found.read_text())
    assert figures["psnr_outside"] == "inf"
    assert figures["ssim_outside"] == pytest.approx(1)
    assert figures["change"] == [0] * 6
    assert figures["after"] == figures["before"]
    assert figures["region"]["edited"] == figures["region"]["source"]
    assert figures["similarity"][0] == figures["similarity"][1]
    assert figures["follows_loudness"] == 0
    assert figures["perceptual_outside"] == figures["motion"] == 0
    assert figures["joint_score"][0] == figures["joint_score"][1]


def test_seams_are_those_of_the_recorded_file_alone(run, edit, out, video, tmp_path):
    assert edit("--audio", "none", "--set", "window.frames=4")[0] == 0
    found, recipe = tmp_path / "figures.json", out.with_suffix(".recipe.json")
    code, told, _ = run("measure", out, *FIRE, "--json", found)
    assert code == 0
    recorded = json.loads(recipe.read_text())["seams"]
    assert json.loads(found.read_text())["seams"] == recorded
    assert recorded["ratio"] == recorded["border"] / recorded["elsewhere"]
    assert f"ratio {recorded['ratio']:.2f} (grey levels, before encoding" in told
    code, told, _ = run("measure", video, "--recipe", recipe, *FIRE, "--json", found)
    assert code == 0
    assert "seams" not in told
    assert json.loads(found.read_text())["seams"] is None


def test_a_sound_that_turns_is_followed_or_not(run, edited, tmp_path):
    found = tmp_path / "figures.json"
    code, told, _ = run("measure", edited, "--sound-class", "fire-to-rain", "--json", found)
    assert code == 0
    assert "follows the turn" in told
    figures = json.loads(found.read_text())
    assert len(figures["turn"]) == 6
    assert all(abs(t) <= p for t, p in zip(figures["turn"], figures["after"], strict=True))
    assert -1 <= figures["follows_turn"] <= 1
    assert_refused(run("measure", edited, "--sound-class", "fire-to-bees"), "knows no fire-to-bees")


def test_the_prior_is_not_loaded(run, edited, monkeypatch):
    recipe = edited.with_suffix(".recipe.json")
    content = json.loads(recipe.read_text())
    content["request"]["models"] = "embedded"
    recipe.write_text(json.dumps(content))

    def refused(*_):
        raise AssertionError("measuring needs no prior")

    monkeypatch.setattr("soundini.packs.loading.load_denoiser", refused)
    code, told, err = run("measure", edited)
    assert (code, err) == (0, "")
    assert "by what guided it" in told


def test_the_wrong_files_are_refused_in_one_line(run, edited, video, sound, tmp_path):
    recipe = ("--recipe", edited.with_suffix(".recipe.json"))
    short = make.write_video(tmp_path / "short.mp4", 4)
    assert_refused(run("measure", short, *recipe, *FIRE), "4 frames where its recipe edits 6")
    long = make.write_video(tmp_path / "long.mp4", 9)
    assert_refused(run("measure", long, *recipe, *FIRE), "recipe edits 6")
    small = make.write_video(tmp_path / "small.mp4", 6, size=(32, 48))
    assert_refused(run("measure", small, *recipe, *FIRE), "48x32")
    assert_refused(run("measure", video, *FIRE), "in.recipe.json")
    assert_refused(run("measure", sound, *recipe, *FIRE), "noise.wav")
    assert_refused(run("measure", edited, "--sound-class", "bees"), "the judge knows no bees")


def test_a_recipe_without_a_video_is_refused(run, edited, tmp_path):
    plain = tmp_path / "plain.json"
    plain.write_text("{}")
    assert_refused(run("measure", edited, "--recipe", plain), "names no video")
