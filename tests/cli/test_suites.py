import re

import pytest
import torch

import media_factory as make
from soundini.config.presets import load_preset

from .conftest import SUITE, assert_refused, rows


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


@pytest.mark.long
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


def test_a_picture_that_serves_all_frames_is_shared_out_over_them(benchmark, folder):
    text = (folder / "suite.yaml").read_text()
    start, end = text.index("  ours:"), text.index("frames: 5")
    atlases = (
        "  atlases: [sampling.steps=3, region.size=32, method=layered-atlases, atlases.steps=3]\n"
    )
    suite = (text[:start] + atlases + text[end:]).replace("shown: [two]", "")
    one = "\n".join(line for line in suite.splitlines() if "clip: two" not in line)
    (folder / "atlases.yaml").write_text(one)
    assert benchmark(suite="atlases.yaml")[0] == 0
    assert [float(r["evaluations"]) for r in rows(folder)] == [3 / 5]


def test_the_builtin_suite_is_made_the_same_twice(tmp_path):
    from soundini.benchmark.builtin import make_builtin
    from soundini.benchmark.suite import load_suite
    from soundini.editing.methods import evaluations
    from soundini.packs.debug import debug_pack

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
    pack = debug_pack()
    steps = {name: evaluations(suite.recipe(name), pack) for name in suite.variants}
    assert len(set(steps.values())) == 1, "equal budgets"
    assert suite.recipe("soundini") == load_preset("fast").replace(sampling__steps=8)
