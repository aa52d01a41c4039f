import json
import re
import shutil

import pytest

import media_factory as make
from soundini.cli import main

from .conftest import BOX, SUITE, assert_refused, rows, write_suite


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The suite and its benchmark, done once; run folders may be copied."""
    folder = write_suite(tmp_path_factory.mktemp("finished"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOUNDINI_HOME", str(tmp_path_factory.mktemp("home")))
        run = ["--run", str(folder / "run"), "--models", "debug"]
        assert main(["benchmark", str(folder / "suite.yaml"), *run]) == 0
    return folder


@pytest.fixture
def done(finished, folder):
    """A copy of that."""
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    assert len(list((folder / "run").glob("*/edited.mp4"))) == 4
    return folder


def test_every_clip_meets_every_variant_and_one_file_tells_all(benchmark, done):
    folder = done
    page = folder / "docs" / "page.md"
    code, told, err = benchmark("--page", page)
    assert (code, err) == (0, "")
    assert "report.html" in told
    found = rows(folder)
    assert [(r["clip"], r["variant"]) for r in found] == [
        (clip, variant) for clip in ("one", "two") for variant in ("ours", "blended")
    ]
    assert {r["variant"]: r["evaluations"] for r in found} == {"ours": "3.0", "blended": "6.0"}
    report = (folder / "run" / "report.html").read_text()
    assert report.count("<video") == 4
    assert not re.search(r'(src|href)="(?!data:|#)', report), "the report needs no other file"
    text = page.read_text()
    for words in (
        "judge's probability",
        "moves on its own",
        "ImageNet distance outside",
        "peak memory",
    ):
        assert words in text
    assert "LPIPS" not in text, "its weights are not here"
    table, said = text.split("By what guided the edits, and therefore no comparison")
    assert "joint" not in table
    for name in ("source", "ours", "blended"):
        assert re.search(rf"{name} -?0\.\d{{3}}", said)
    pictures = [p.name for p in (folder / "docs" / "images" / "benchmark").iterdir()]
    assert pictures == ["page-two-fire.png"], "only clips that may be shown"


def test_what_is_done_is_not_done_again(benchmark, done):
    folder = done
    edited = sorted((folder / "run").glob("*/edited.mp4"))
    before = [(p, p.stat().st_mtime_ns) for p in edited]
    assert len(before) == 4
    lost = edited[0].parent
    shutil.rmtree(lost)
    first = rows(folder)
    assert benchmark()[0] == 0
    again = [(p, p.stat().st_mtime_ns) for p in sorted((folder / "run").glob("*/edited.mp4"))]
    assert [p for p, _ in again] == [p for p, _ in before]
    assert [a == b for a, b in zip(again, before, strict=True)] == [False, True, True, True]
    dropped = {"seconds", "memory"}
    assert [{k: v for k, v in r.items() if k not in dropped} for r in rows(folder)] == [
        {k: v for k, v in r.items() if k not in dropped} for r in first
    ]


def test_a_changed_setting_or_input_makes_a_new_job(benchmark, done):
    ours, _, rest = SUITE.replace("frames: 5", "frames: 4").partition("  blended")
    (done / "suite.yaml").write_text(ours + rest.partition("\n")[2])
    assert benchmark()[0] == 0
    assert len(list((done / "run").glob("*/edited.mp4"))) == 6
    figures = [json.loads(p.read_text()) for p in (done / "run").glob("*/figures.json")]
    assert sorted({len(f["measures"]["change"]) for f in figures}) == [4, 5]


def test_figures_of_other_masks_weights_or_machines_are_not_taken_for_these(benchmark, folder):
    masks = folder / "masks"
    masks.mkdir()
    for number in range(7):
        make.write_image(masks / f"{number:03}.png", make.disc_mask())
    one = SUITE.replace(f'box: "{BOX}"', "mask: masks").split("  - {clip: two")[0]
    variants = "variants: {ours: [sampling.steps=2, region.size=32]}"
    (folder / "suite.yaml").write_text(f"{one}sounds: {{fire: noise.wav}}\n{variants}\nframes: 3\n")
    assert benchmark()[0] == 0
    (first,) = (folder / "run").glob("one-*")
    make.write_image(masks / "002.png", make.disc_mask(radius=20))
    assert benchmark()[0] == 0
    (second,) = set((folder / "run").glob("one-*")) - {first}
    figures = second / "figures.json"
    kept = json.loads(figures.read_text())
    assert kept["made_by"].keys() == {"weights", "machine", "device", "dtype"}

    other = kept["made_by"] | {"device": "NVIDIA H100"}
    figures.write_text(json.dumps(kept | {"made_by": other}))
    before = (second / "edited.mp4").stat().st_mtime_ns
    assert benchmark()[0] == 0
    assert json.loads(figures.read_text())["made_by"] == kept["made_by"]
    assert (second / "edited.mp4").stat().st_mtime_ns != before


def test_seams_are_told_where_an_edit_has_more_than_one_window(benchmark, folder):
    suite = SUITE.split("  - {clip: two")[0] + "sounds: {fire: noise.wav}\nframes: 6\n"
    one = "one: [sampling.steps=2, region.size=32, window.frames=14]"
    many = one.replace("one", "many").replace("14", "4")
    (folder / "suite.yaml").write_text(f"{suite}variants: {{{many}, {one}}}\n")
    page = folder / "page.md"
    assert benchmark("--page", page)[0] == 0
    found = {row["variant"]: row for row in rows(folder)}
    (record,) = (folder / "run").glob("*-many-*/edited.recipe.json")
    seams = json.loads(record.read_text())["seams"]
    assert float(found["many"]["seam"]) == seams["ratio"] > 0
    assert float(found["many"]["seam_border"]) == seams["border"]
    assert found["one"]["seam"] == found["one"]["seam_elsewhere"] == ""
    text = page.read_text()
    assert f"| seam | {seams['ratio']:.2f} | none |" in text
    assert f": many {seams['border']:.2f} and {seams['elsewhere']:.2f}." in text
    assert ">seam</th>" in (folder / "run" / "report.html").read_text()
    (folder / "suite.yaml").write_text(f"{suite}variants: {{{one}}}\n")
    assert benchmark("--page", page)[0] == 0
    assert not re.search("[|A] seam", page.read_text())


def test_figures_of_an_earlier_release_and_damaged_ones_do_not_count(benchmark, done):
    earlier, damaged, *_ = sorted((done / "run").glob("*/figures.json"))
    kept = json.loads(earlier.read_text())
    earlier.write_text(json.dumps({name: kept[name] for name in kept if name != "seams"}))
    damaged.write_text(damaged.read_text()[:40])
    assert benchmark()[0] == 0
    for figures in (earlier, damaged):
        assert json.loads(figures.read_text()).keys() == kept.keys()


def test_each_variant_has_the_arithmetic_it_asks_for(benchmark, folder):
    ours = "ours: [sampling.steps=2, region.size=32"
    suite = SUITE.split("  - {clip: two")[0] + "sounds: {fire: noise.wav}\nframes: 3\n"
    suite += f"variants: {{{ours}, compute.dtype=float32], {ours.replace('ours', 'half')}, compute.dtype=bfloat16]}}\n"
    (folder / "suite.yaml").write_text(suite)
    assert benchmark()[0] == 0
    found = {
        path.parent.name.split("-")[2]: json.loads(path.read_text())["made_by"]["dtype"]
        for path in (folder / "run").glob("*/figures.json")
    }
    assert found == {"ours": "torch.float32", "half": "torch.bfloat16"}


def test_a_job_that_fails_is_told_and_the_others_are_done(benchmark, folder):
    make.write_video(folder / "two.mp4", make.moving_frames(7), audio=None)
    damaged = folder / "one.mp4"
    damaged.write_bytes(damaged.read_bytes()[:600])
    code, told, err = benchmark()
    assert (code, err) == (1, "")
    assert told.count("failed  one by fire") == 2
    assert [r["clip"] for r in rows(folder)] == ["two", "two"]
    assert "Failed" in (folder / "run" / "report.html").read_text()


def test_files_may_lie_elsewhere(run, done, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    (done / "suite.yaml").rename(away / "suite.yaml")
    suite = ("benchmark", away / "suite.yaml", "--run", done / "run", "--models", "debug")
    assert_refused(run(*suite), "--data")
    assert run(*suite, "--data", done)[0] == 0


def test_photographs_of_what_is_heard_can_be_compared_to(benchmark, done, tmp_path):
    data, page = tmp_path / "data", tmp_path / "page.md"
    data.mkdir()
    make.write_pictures(data, {"fire": (1.0, 0.5, 0.2), "sea": (0.2, 0.4, 1.0)}, 60)
    assert benchmark("--photographs", data, "--page", page)[0] == 0
    lines = page.read_text().splitlines()
    assert "Left out for want of 128 pictures on either side: fire: 10 and" in page.read_text()
    start = lines.index("|  | fire |")
    found = [line.split(" | ") for line in lines[start + 2 : start + 5]]
    assert {name.strip("| ") for name, _ in found} == {"source", "ours", "blended"}
    assert len({value for _, value in found}) == 3
    make.write_pictures(data, {"sea": (0.2, 0.4, 1.0)}, 60)
    assert_refused(benchmark("--photographs", data), "pictures of fire")


def side_of(pair, variant):
    return "none" if variant == "none" else "a" if pair["a"] == variant else "b"


def test_a_study_hides_the_names_and_its_votes_are_counted(run, done, tmp_path):
    page = tmp_path / "study.html"
    study = ("study", "make", done / "suite.yaml", "--run", done / "run", "--models", "debug")
    assert run(*study, "-o", page)[0] == 0
    text = page.read_text()
    names = re.sub(r"base64,[\w+/=]*", "", text)
    assert "blended" not in names
    assert text.count("data:video/mp4") == 4
    key_file = tmp_path / "study.key.json"
    key = json.loads(key_file.read_text())
    assert {(p["clip"], frozenset([p["a"], p["b"]])) for p in key.values()} == {
        (clip, frozenset(["ours", "blended"])) for clip in ("one", "two")
    }
    votes = []
    for number, answers in enumerate((["ours", "ours"], ["blended", "none"])):
        path = tmp_path / f"votes{number}.json"
        rows = [
            {"pair": pair, "question": "sound", "choice": side_of(key[pair], answer)}
            for pair, answer in zip(key, answers, strict=True)
        ]
        path.write_text(json.dumps(rows))
        votes.append(path)
    code, told, _ = run("study", "tally", key_file, *votes)
    assert code == 0
    assert "sound     blended preferred to ours: 38%" in told  # 0, 0, 1 and a half
    assert "4 votes" in told
