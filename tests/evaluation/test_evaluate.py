import json

import pytest
from PIL import Image

from soundini.cli import main
from soundini.editing.editor import SoundEditor

SETTINGS = (
    'sounds=["fire", "sea"]',
    'edit=["sampling.steps=2", "region.size=32"]',
    "frames=3",
    "loudness_frames=4",
    "loudness_clips=1",
    'loudness_sounds=["fire", "sea"]',
    "coherence_clips=1",
    "coherence_frames=4",
    "sample_size=32",
)


@pytest.fixture
def evaluate(data, tmp_path, capsys):
    """The command on made-up media with the tiny random models: exit code, stderr."""

    def call(*more, settings=SETTINGS):
        asked = ["evaluate", "embedded", str(data), "--run", str(tmp_path / "run")]
        asked += ["-o", str(tmp_path / "docs" / "page.md"), "--models", "debug"]
        asked += ["--clips", str(data / "clips.yaml"), *more]
        code = main([*asked, *(word for s in settings for word in ("--set", s))])
        return code, capsys.readouterr().err

    return call


def results(tmp_path):
    return [
        json.loads(line)[1]
        for line in (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    ]


def test_the_page_says_what_was_found(evaluate, tmp_path):
    code, errors = evaluate("--baseline", "debug")
    assert code == 0, errors
    page = (tmp_path / "docs" / "page.md").read_text()
    found = results(tmp_path)
    parts = [item["of"]["part"] for item in found]
    counts = {"spaces": 2, "edits": 4, "loudness": 2, "coherence": 2, "prior": 2}
    assert parts == [part for part, count in counts.items() for _ in range(count)]
    assert page.count("| yes |") + page.count("| **no** |") == 8
    assert "Warp error of the edit as a multiple of the source's" in page
    for figures in (item["figures"] for item in found if item["of"]["part"] == "prior"):
        assert not figures["seen"]
        assert all(0 < v < 10 for row in figures["losses"].values() for v in row.values())
    for figures in (item["figures"] for item in found if item["of"]["part"] == "edits"):
        assert len(figures["before"]) == len(figures["after"]) == 3
        assert 0 <= min(figures["after"]) <= max(figures["after"]) <= 1
    images = tmp_path / "docs" / "images" / "evaluation"
    for line in page.splitlines():
        for name in (part.split(")")[0] for part in line.split("](images/evaluation/")[1:]):
            with Image.open(images / name) as picture:
                assert picture.mode == "P"
    assert {p.name for p in images.iterdir()} >= {
        "sound-fire.png",
        "sound-sea.png",
        "chosen-one-fire.png",
        "chosen-two-sea.png",
        "prior.png",
        "all.png",
    }
    assert str(tmp_path) not in page


def test_what_is_measured_is_not_measured_again(evaluate, tmp_path, monkeypatch):
    assert evaluate("--part", "edits")[0] == 0
    page = (tmp_path / "docs" / "page.md").read_text()

    def refuse(*_, **__):
        raise AssertionError("edited again")

    monkeypatch.setattr(SoundEditor, "__call__", refuse)
    assert evaluate("--part", "edits")[0] == 0
    assert (tmp_path / "docs" / "page.md").read_text() == page
    with pytest.raises(AssertionError, match="edited again"):
        evaluate("--part", "edits", settings=(*SETTINGS, "seed=1"))


def test_only_clips_that_may_be_shown_are(evaluate, tmp_path):
    settings = (*SETTINGS, 'shown=["two"]')
    assert evaluate("--part", "edits", settings=settings)[0] == 0
    images = tmp_path / "docs" / "images" / "evaluation"
    assert {p.name for p in images.iterdir()} == {
        "sound-fire.png",
        "sound-sea.png",
        "chosen-two-sea.png",
        "all.png",
    }
    page = (tmp_path / "docs" / "page.md").read_text()
    assert "chosen-one" not in page
    assert page.count("| one |") == 1


def test_photographs_are_on_no_sheet_where_only_some_clips_may_be_shown(evaluate, tmp_path):
    sheet = tmp_path / "docs" / "images" / "evaluation" / "prior.png"
    heights = []
    for settings in (SETTINGS, (*SETTINGS, 'shown=["two"]')):
        assert evaluate("--part", "prior", settings=settings)[0] == 0
        with Image.open(sheet) as picture:
            heights.append(picture.height)
    assert heights[0] == 3 * heights[1], "sources and composites are gone"


@pytest.mark.parametrize(
    ("more", "settings", "words"),
    [
        (["--clips", "nowhere.yaml"], (), "nowhere.yaml"),
        (["--models", "nowhere"], (), "nowhere"),
        ([], ("framez=3",), "framez"),
        ([], ('edit=["sampling.stepz=3"]',), "stepz"),
        (["-o", "page.html"], (), "page.html"),
        ([], ('shown=["three"]',), "three"),
    ],
)
def test_what_cannot_be_is_refused_first(evaluate, tmp_path, more, settings, words):
    code, errors = evaluate(*more, settings=settings)
    assert code == 2
    assert words in errors
    assert len(errors.splitlines()) == 1
    assert not (tmp_path / "docs").exists()
