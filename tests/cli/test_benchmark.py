import csv
import json
import re
import shutil

import pytest
import torch

import media_factory as make
from soundini.config.presets import load_preset

from .conftest import BOX, assert_refused

SUITE = f"""
clips:
  - {{clip: one.mp4, box: "{BOX}"}}
  - {{clip: two.mp4, ellipse: "0.5,0.5,0.3,0.3"}}
sounds: {{fire: noise.wav}}
variants:
  ours: [sampling.steps=3, region.size=32]
  blended: [sampling.steps=3, region.size=32, method=blended-diffusion, blended.candidates=2]
frames: 5
shown: [two]
"""


@pytest.fixture
def folder(tmp_path, sound):
    """Two videos and a sound, with a suite beside them."""
    for seed, name in enumerate(("one", "two")):
        make.write_video(tmp_path / f"{name}.mp4", make.moving_frames(7, seed=seed))
    (tmp_path / "suite.yaml").write_text(SUITE)
    return tmp_path


@pytest.fixture
def benchmark(run, folder):
    def call(*more, suite="suite.yaml"):
        arguments = ("--run", folder / "run", "--models", "debug", *more)
        return run("benchmark", folder / suite, *arguments)

    return call


def rows(folder):
    with (folder / "run" / "jobs.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_clip_meets_every_variant_and_one_file_tells_all(benchmark, folder):
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


def test_what_is_done_is_not_done_again(benchmark, folder):
    assert benchmark()[0] == 0
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


def test_a_changed_setting_or_input_makes_a_new_job(benchmark, folder):
    assert benchmark()[0] == 0
    suite = folder / "suite.yaml"
    suite.write_text(SUITE.replace("frames: 5", "frames: 4"))
    assert benchmark()[0] == 0
    assert len(list((folder / "run").glob("*/edited.mp4"))) == 8
    figures = [json.loads(p.read_text()) for p in (folder / "run").glob("*/figures.json")]
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

    def done_again():
        before = (second / "edited.mp4").stat().st_mtime_ns
        assert benchmark()[0] == 0
        assert json.loads(figures.read_text())["made_by"] == kept["made_by"]
        return (second / "edited.mp4").stat().st_mtime_ns != before

    assert not done_again()
    for name, other in (("device", "NVIDIA H100"), ("dtype", "torch.float64"), ("machine", "64")):
        figures.write_text(json.dumps(kept | {"made_by": kept["made_by"] | {name: other}}))
        assert done_again(), name


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


def test_figures_of_an_earlier_release_and_damaged_ones_do_not_count(benchmark, folder):
    suite = SUITE.split("  - {clip: two")[0] + "sounds: {fire: noise.wav}\nframes: 3\n"
    suite += "variants: {ours: [sampling.steps=2, region.size=32]}\n"
    (folder / "suite.yaml").write_text(suite)
    assert benchmark()[0] == 0
    (figures,) = (folder / "run").glob("*/figures.json")
    kept = json.loads(figures.read_text())
    without = {name: kept[name] for name in kept if name != "seams"}
    for damaged in (
        json.dumps(without),
        json.dumps(kept)[:40],
        "[]",
        json.dumps(kept | {"measures": {"region": 3}}),
    ):
        figures.write_text(damaged)
        assert benchmark()[0] == 0
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


def test_a_sweep_and_a_turn_are_drawn_and_measured(benchmark, folder):
    make.write_sound(folder / "tone.wav", make.tone(0.5))
    suite = SUITE.split("  - {clip: two")[0] + "sounds: {fire-to-rain: [noise.wav, tone.wav]}\n"
    suite += "variants: {ours: [sampling.steps=2, region.size=32, guidance.lambda_background=1]}\n"
    suite += "sweep: {setting: guidance.lambda_flow, values: [0, 20]}\nframes: 5\n"
    (folder / "suite.yaml").write_text(suite)
    page = folder / "page.md"
    assert benchmark("--page", page)[0] == 0
    found = rows(folder)
    assert [r["variant"] for r in found] == ["ours", "lambda_flow-0"]
    assert all(-1 <= float(r["follows_turn"]) <= 1 for r in found)
    assert len({r["motion"] for r in found}) == 2
    text = page.read_text()
    assert "follows the turn" in text
    assert "L_back guided what is outside in ours, lambda_flow-0 by" in text
    assert "![page-sweep](images/benchmark/page-sweep.png)" in text
    assert (folder / "images" / "benchmark" / "page-sweep.png").stat().st_size > 5000
    assert "Coherence against motion" in (folder / "run" / "report.html").read_text()
    (sound,) = {p.read_bytes() for p in (folder / "run").glob("*/turning.wav")}
    assert len(sound) > 2 * 5 * 44100 * 2


def test_fvd_is_measured_where_weights_are_brought(benchmark, folder):
    from safetensors.torch import save_file

    from soundini.metrics.i3d import I3D

    generator = torch.Generator().manual_seed(0)
    state = {
        key: 0.05 * torch.randn(shape, generator=generator).abs()
        for key, shape in I3D().layout().items()
    }
    save_file(state, folder / "i3d.safetensors")
    brought = ("--i3d", folder / "i3d.safetensors")
    assert_refused(benchmark(*brought), "FVD needs two clips or more of 9 frames")
    for seed, name in enumerate(("one", "two")):
        make.write_video(folder / f"{name}.mp4", make.moving_frames(9, seed=seed))
    suite = SUITE.split("variants:")[0] + "variants: {ours: [sampling.steps=2, region.size=32]}\n"
    (folder / "suite.yaml").write_text(f"{suite}frames: 9\n")
    assert_refused(benchmark("--i3d", folder / "noise.wav"), "noise.wav")
    page = folder / "page.md"
    assert benchmark(*brought, "--page", page)[0] == 0
    text = page.read_text()
    assert "Of edited clips (2 of ours) to the 2 they were made of, on 400 logits of I3D" in text
    assert re.search(r"\| ours \| \d+\.\d \|", text.split("(FVD)")[1])


def test_a_job_that_fails_is_told_and_the_others_are_done(benchmark, folder):
    make.write_video(folder / "two.mp4", make.moving_frames(7), audio=None)
    damaged = folder / "one.mp4"
    damaged.write_bytes(damaged.read_bytes()[:600])
    code, told, err = benchmark()
    assert (code, err) == (1, "")
    assert told.count("failed  one by fire") == 2
    assert [r["clip"] for r in rows(folder)] == ["two", "two"]
    assert "Failed" in (folder / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("one.mp4", "gone.mp4", "there is no gone.mp4"),
        (
            "{fire: noise.wav}",
            "{fire-to-bees: [noise.wav, noise.wav]}",
            "judge knows no fire-to-bees",
        ),
        ("noise.wav", "gone.wav", "there is no gone.wav"),
        ("{fire: noise.wav}", "{bees: noise.wav}", "the judge knows no bees"),
        ("sampling.steps=3", "sampling.stepz=3", "variant ours: unknown setting sampling.stepz"),
        ("frames: 5", "frames: 0", "frames"),
        ("ours:", "../ours:", "is no name"),
        ("shown: [two]", "shown: [three]", "there is no clip three"),
        ("clip: two.mp4", "clip: one.mp4", "two clips are called one"),
        ("clips:", "clipz:", "clipz"),
        ("clips:", "clips: [", "cannot read the suite"),
    ],
)
def test_a_wrong_suite_is_refused_before_any_work(benchmark, folder, old, new, words):
    (folder / "suite.yaml").write_text(SUITE.replace(old, new))
    assert_refused(benchmark(), words)
    assert not (folder / "run").exists()


def test_a_missing_suite_and_a_page_of_another_kind_are_refused(benchmark, folder):
    assert_refused(benchmark(suite="none.yaml"), "cannot read the suite")
    assert_refused(benchmark("--page", folder / "page.html"), "ends in .md")


def test_files_may_lie_elsewhere(run, folder, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    (folder / "suite.yaml").rename(away / "suite.yaml")
    suite = ("benchmark", away / "suite.yaml", "--run", tmp_path / "run", "--models", "debug")
    assert_refused(run(*suite), "--data")
    assert run(*suite, "--data", folder)[0] == 0


def test_a_picture_that_serves_all_frames_is_shared_out_over_them(benchmark, folder):
    text = (folder / "suite.yaml").read_text()
    start, end = text.index("  ours:"), text.index("frames: 5")
    atlases = (
        "  atlases: [sampling.steps=3, region.size=32, method=layered-atlases, atlases.steps=3]\n"
    )
    suite = text[:start] + atlases + text[end:]
    (folder / "atlases.yaml").write_text(suite.replace("shown: [two]", ""))
    assert benchmark(suite="atlases.yaml")[0] == 0
    assert [float(r["evaluations"]) for r in rows(folder)] == [3 / 5, 3 / 5]


def test_the_builtin_suite_is_made_the_same_twice(tmp_path):
    from soundini.benchmark.builtin import make_builtin
    from soundini.benchmark.suite import load_suite

    suites = [make_builtin(tmp_path / name) for name in ("a", "b")]
    for one in suites[0].parent.iterdir():
        assert one.read_bytes() == (suites[1].parent / one.name).read_bytes(), one.name
    suite = load_suite(suites[0], suites[0].parent)
    assert len(suite.clips) == 3
    kept = {p: p.stat().st_mtime_ns for p in suites[0].parent.iterdir()}
    (lost := suites[0].parent / "pond.mp4").write_bytes(b"damaged")
    assert make_builtin(suites[0].parent) == suites[0]
    assert lost.read_bytes() == (suites[1].parent / "pond.mp4").read_bytes()
    assert {p: p.stat().st_mtime_ns for p in suites[0].parent.iterdir() if p != lost} == {
        p: time for p, time in kept.items() if p != lost
    }
    steps = {
        name: suite.recipe(name).sampling.steps
        * (suite.recipe(name).blended.candidates if "blended" in name else 1)
        for name in suite.variants
    }
    assert len(set(steps.values())) == 1, "equal budgets"
    assert suite.recipe("soundini") == load_preset("fast")


def test_a_study_hides_the_names_and_its_votes_are_counted(benchmark, run, folder, tmp_path):
    assert benchmark()[0] == 0
    page = tmp_path / "study.html"
    study = ("study", "make", folder / "suite.yaml", "--run", folder / "run", "--models", "debug")
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


def test_photographs_of_what_is_heard_can_be_compared_to(benchmark, folder, tmp_path):
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


def test_a_study_of_edits_that_are_not_there_or_votes_of_another_are_refused(run, folder, tmp_path):
    page = tmp_path / "study.html"
    study = ("study", "make", folder / "suite.yaml", "--run", folder / "run", "--models", "debug")
    assert_refused(run(*study, "-o", page), "is not done; run soundini benchmark first")
    assert not page.exists()
    assert_refused(run(*study, "-o", tmp_path / "study.txt"), "ends in .html")
    key, votes = tmp_path / "key.json", tmp_path / "votes.json"
    key.write_text(json.dumps({"ab": {"clip": "c", "sound": "s", "a": "x", "b": "y"}}))
    votes.write_text(json.dumps([{"pair": "cd", "question": "sound", "choice": "a"}]))
    assert_refused(run("study", "tally", key, votes), "of another study")
    votes.write_text(json.dumps([{"pair": "ab", "question": "sound", "choice": "c"}]))
    assert_refused(run("study", "tally", key, votes), "does not hold votes")
    assert_refused(run("study", "tally", votes, votes), "does not hold the key")
    assert_refused(run("study", "tally", key, tmp_path / "gone.json"), "cannot read")
