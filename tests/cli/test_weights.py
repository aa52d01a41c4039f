"""``soundini weights``, and an edit with what it has made: docs/paper-scale.md, in tiny."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import torch

import paper_factory
from soundini.config.presets import load_preset
from soundini.config.recipe import Recipe
from soundini.config.section import setting_names
from soundini.packs import paper
from soundini.weights.inventory import inventory
from soundini.weights.registry import ENTRIES, SOUND_ENCODERS, find_entry
from soundini.weights.store import HOME_VARIABLE

from .conftest import assert_refused

pytest.importorskip("open_clip")

SIX = paper_factory.SIX


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    return paper_factory.write_published(folder, "guided_512_cond", "guided_512_uncond")


@pytest.fixture(scope="session")
def imported(published, tmp_path_factory):
    return paper_factory.import_tiny(published, tmp_path_factory.mktemp("home"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def full_home(imported, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(imported))
    monkeypatch.setattr(paper, "_RAFT_ITERATIONS", 1)
    return imported


def test_where(run, home):
    code, out, _ = run("weights", "where")
    assert code == 0
    assert [line.split()[-1] for line in out.splitlines()] == [
        str(home),
        str(home / "downloads"),
        str(home / "models"),
    ]


def test_list_tells_what_is_missing_and_how_to_get_it(run, home):
    code, out, err = run("weights", "list")
    assert (code, err) == (0, "")
    for entry in ENTRIES:
        assert f"{entry.name:<18} missing" in out
        assert entry.licence in out
        assert f"soundini weights import {home / 'downloads' / entry.file}" in out


def test_random_weights_can_be_imported_and_are_listed_as_such(run, home, tmp_path):
    path = tmp_path / "lins.safetensors"
    assert run("weights", "make-random", "--layout", "lpips_vgg_lins", "-o", path)[0] == 0
    code, out, _ = run("weights", "import", path)
    assert code == 0
    assert "lpips_vgg_lins, 1,472 parameters, random weights, seed 0" in out
    code, out, _ = run("weights", "list")
    assert f"{'lpips_vgg_lins':<18} ready" in out
    assert "random weights, seed 0" in out
    assert f"from {find_entry('lpips_vgg_lins').origin}" in out


def test_verify_finds_a_damaged_file(run, home, tmp_path):
    path = tmp_path / "lins.safetensors"
    run("weights", "make-random", "--layout", "lpips_vgg_lins", "-o", path, "--seed", 3)
    run("weights", "import", path)
    assert run("weights", "verify")[0] == 0
    weights = home / "models" / "lpips" / "lpips_vgg_lins.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    code, out, _ = run("weights", "verify")
    assert code == 1
    assert f"{'lpips_vgg_lins':<18} damaged" in out
    assert "import it again" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("fetch",), "name the weights to fetch"),
        (("fetch", "teapot"), "there are no weights 'teapot'"),
        (("fetch", "lpips_vgg_lins"), "there is nobody to ask; add --yes"),
        (("fetch", "lpips_vgg_lins", "--offline"), "lpips_vgg_lins is not here"),
        (("fetch", "paper-256", "--sound-encoder", "ear"), "there is no sound encoder 'ear'"),
        (("import",), "name the files"),
        (("import", "nowhere.pt"), "there is no weight file nowhere.pt"),
        (("make-random", "--layout", "teapot", "-o", "x.safetensors"), "there is no layout"),
        (("make-random", "--layout", "vgg16", "-o", "x.pt"), "safetensors"),
    ],
)
def test_mistakes_are_told_in_one_line(run, home, arguments, says):
    code, _, err = run("weights", *arguments)
    assert code == 2
    assert says in err
    assert err.count("\n") == 1


def _hostile(path, published):
    torch.save({"weight": torch.ones(1), "payload": _Touches(path.with_name("was-run"))}, path)


def _truncated(path, published):
    path.write_bytes((published / "ViT-B-32.pt").read_bytes()[:-1000])


def _wrong(path, published):
    torch.save({"teapot": torch.ones(1)}, path)


def _empty(path, published):
    path.write_bytes(b"")


class _Touches:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_hostile, "carries code (none was run)"),
        (_truncated, "cannot be read as weights"),
        (_wrong, "is none of guided_256_uncond"),
        (_empty, "cannot be read as weights"),
    ],
)
@pytest.mark.parametrize("whole_folder", [True, False])
def test_a_bad_file_is_refused_in_one_line(
    run, home, tmp_path, published, make, says, whole_folder
):
    bad = tmp_path / "in" / "some.pt"
    bad.parent.mkdir()
    make(bad, published)
    assert_refused(run("weights", "import", bad.parent if whole_folder else bad), says, str(bad))
    assert not bad.with_name("was-run").exists()
    assert not (home / "models").exists()


def test_an_empty_folder_is_told(run, home, tmp_path):
    code, _, err = run("weights", "import", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "there is no checkpoint in" in err


def test_six_files_in_a_folder(run, home, published, monkeypatch):
    paper_factory.accept_tiny(monkeypatch)
    assert len(list(published.iterdir())) == 6
    code, out, _ = run("weights", "import", published)
    assert code == 0
    ready = {s.entry.name for s in inventory() if s.state == "ready"}
    assert ready == set(SIX)
    assert all(name in out for name in SIX)


def test_the_pack_edits_and_leaves_a_record(edit, full_home, out):
    few = ("sampling.steps=2", "region.size=32", "guidance.augment.views=2")
    small = (*(word for setting in few for word in ("--set", setting)), "--end", "2")
    # the later --models counts
    words = ("--text", "fire", "--text-weight", "300")
    code, said, err = edit("--models", "paper-256", *small, *words)
    assert (code, err) == (0, "")
    assert "text" in said
    record = json.loads(out.with_suffix(".recipe.json").read_text())
    assert set(record["models"]["sha256"]) == set(SIX)
    recipe = record["request"]["recipe"]
    assert recipe["sampling"]["method"] == "ddpm"  # the preset follows the models
    assert (recipe["guidance"]["text"], recipe["guidance"]["lambda_text"]) == ("fire", 300)
    # there is room for the tiny networks: nothing is computed twice, and the record says what was chosen
    assert (recipe["compute"]["chunk"], recipe["compute"]["checkpoint"]) == (0, False)


@pytest.mark.parametrize("part", ["guided_256_uncond", "clip_vit_b32", "resnet18_audio"])
def test_an_edit_without_a_required_part_says_how_to_get_it(
    edit, imported, home, out, monkeypatch, part
):
    shutil.copytree(imported, home)
    shutil.rmtree(home / "models" / part)
    wanted = "swin_audio" if part == "resnet18_audio" else part  # the paper's own encoder
    assert_refused(edit("--models", "paper-256"), f"{wanted} is missing", "soundini weights import")
    assert not out.exists()


def test_a_pack_without_a_text_tower_refuses_words(edit):
    assert_refused(edit("--text", "fire"), "understand none", "paper-256")


def test_the_page_names_what_there_is():
    page = (Path(__file__).parents[2] / "docs" / "paper-scale.md").read_text()
    files = set(re.findall(r"`([\w-]+\.(?:pth?|ckpt|safetensors))`", page))
    sources = {source.file for entry in ENTRIES for source in entry.sources}
    assert sources | {"tpami_encoder40.pth"} == files
    for entry in ENTRIES:
        if entry.name in SOUND_ENCODERS:  # the table says of each what the registry says
            (row,) = re.findall(rf"^\| `{entry.name}` .*$", page, re.MULTILINE)
            assert f"{round(4 * entry.numbers / 1e6)} MB" in row
            assert set(re.findall(r"MIT|CC BY-NC-SA 4.0|none stated", entry.licence)) == set(
                re.findall(r"MIT|CC BY-NC-SA 4.0|none stated", row)
            )
    (loop,) = re.findall(r"for name in ([\w ]+);", page)
    assert set(loop.split()) == {e.name for e in ENTRIES if "paper-256" in e.packs}
    (least,) = re.findall(r"`guidance\.min_change=([\d.e-]+)`", page)
    assert load_preset("paper-256").guidance.min_change == float(least)
    settings = set(re.findall(r"\b((?:compute|guidance|joint|sampling|sound)\.\w+)=", page))
    assert len(settings) >= 8
    assert settings <= set(setting_names(Recipe))
    verbs = set(re.findall(r"soundini weights ([a-z-]+)", page))
    assert verbs == {"list", "fetch", "import", "verify", "where", "make-random"}


@pytest.mark.long
def test_doctor_knows_the_pack(run, full_home):
    code, out, err = run("doctor", "--models", "paper-256")
    assert (code, err) == (0, "")
    assert all(name in out for name in SIX)
    assert "RAFTFlow" in out
    assert "LPIPS" in out
    assert "100 frames, preset paper-256" in out
    assert "resnet18_audio\n" in out  # the sound encoder
    assert "GiB free: chunk=" in out


def test_a_part_that_is_missing_is_named(edit, full_home, tmp_path, monkeypatch, out):
    copy = tmp_path / "copy"
    shutil.copytree(full_home, copy)
    shutil.rmtree(copy / "models" / "resnet18_audio")
    monkeypatch.setenv(HOME_VARIABLE, str(copy))
    code, _, err = edit("--models", "paper-256")
    assert (code, err.count("\n")) == (2, 1)
    assert "swin_audio is missing" in err
    assert not out.exists()


def test_text_needs_a_pack_that_reads(edit, out):
    code, _, err = edit("--text", "fire")
    assert (code, err.count("\n")) == (2, 1)
    assert "understand none" in err
    assert list(out.parent.iterdir()) == []
