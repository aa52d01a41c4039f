import json
import re
import signal
import time
from pathlib import Path

import pytest

import media_factory as make

from .conftest import assert_refused, start

PAGE = Path(__file__).parents[2] / "docs" / "batch.md"
SHARED = """
models: debug
mask: {box: "24,12,40,40"}
sound: noise.wav
"""
QUICK = "set: [sampling.steps=3, region.size=32, window.frames=4, window.overlap=1]\n"
SLOW = "sampling.steps=20, region.size=32, window.frames=3, window.overlap=1"


@pytest.fixture
def folder(tmp_path, video, sound):
    """Two videos and a sound."""
    make.write_video(tmp_path / "two.mp4", make.moving_frames(6, seed=2))
    return tmp_path


@pytest.fixture
def batch(run, folder):
    def call(text, *more):
        (folder / "jobs.yaml").write_text(text)
        return run("batch", folder / "jobs.yaml", *more)

    return call


def told(folder):
    return [json.loads(line) for line in (folder / "jobs.manifest.jsonl").read_text().splitlines()]


def test_rows_are_done_skipped_and_fail(batch, folder):
    rows = 'video: ["*.mp4", "!other*"]\n'
    code, out, err = batch(SHARED + QUICK + rows)
    assert (code, err) == (0, "")
    assert "rows        2 done, 0 done before, 0 failed" in out
    rows += "rows: [{}, {video: two.mp4, name: third, set: [compute.memory=1MB]}]\n"
    code, out, err = batch(SHARED + QUICK + rows, "--dry-run")
    assert (code, err) == (0, "")
    assert [line.split()[2] for line in out.splitlines()] == ["done", "done", "to"]
    code, out, err = batch(SHARED + QUICK + rows)
    assert (code, err) == (1, "")
    assert "rows        0 done, 2 done before, 1 failed" in out
    assert re.search(r"failed      two\.mp4 by noise\.wav \(jobs\.yaml, row 2\): .*1MB", out)
    states = [line["state"] for line in told(folder)]
    assert states == ["done", "done", "skipped", "skipped", "failed"]


def test_one_line_for_every_bad_row_and_nothing_is_begun(batch, folder, home):
    before = sorted(folder.iterdir())
    rows = "rows: [{video: in.mp4}, {video: no.mp4}, {video: in.mp4, name: b, start: 77}]\n"
    code, _, err = batch(SHARED + QUICK + rows + "output: edited\n")
    assert code == 2
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("soundini: error: jobs.yaml, row 2 (no.mp4 by noise.wav): ")
    assert "no frame at 77" in lines[1]
    assert sorted(folder.iterdir()) == sorted([*before, folder / "jobs.yaml"])
    assert list(home.iterdir()) == []


def test_what_is_no_batch_file_is_told_in_a_line(batch, run, tmp_path):
    assert_refused(batch("vidoe: in.mp4"), "jobs.yaml", "the nearest is video")
    assert_refused(run("batch", tmp_path / "none.yaml"), "none.yaml")
    assert_refused(batch(SHARED + "video: ../in.mp4"), "leads out of", "--root")


@pytest.mark.long
def test_batch_that_is_killed_and_stopped_goes_on_to_the_same_bytes(batch, run, folder, home):
    """First kill -9 in the midst of the second row, then Ctrl-C, then the same command to the end."""
    text = f"{SHARED}video: [in.mp4, two.mp4]\nset: [{SLOW}]\n"
    (folder / "jobs.yaml").write_text(text)
    command = ("batch", folder / "jobs.yaml")

    process = start(*command)
    deadline = time.monotonic() + 120
    while not list((home / "jobs").glob("two-noise-*/windows/00000.safetensors")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert [line["state"] for line in told(folder)] == ["done"]
    assert not (folder / "two-noise.mp4").exists()

    process = start(*command)
    assert process.stdout is not None
    out = ""
    while "row 2/2  step" not in out:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        out += line
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == f"soundini: stopped; go on with: soundini batch {folder / 'jobs.yaml'}\n"
    first = int(re.search(r"row 2/2  step (\d+)/", out)[1])
    assert first > 20, "the first window is not done again"

    assert batch(text)[0] == 0
    assert [line["state"] for line in told(folder)] == ["done", "skipped", "skipped", "done"]
    sets = [word for setting in SLOW.split(", ") for word in ("--set", setting)]
    for name in ("in", "two"):
        plain = folder / f"plain-{name}.mp4"
        code, _, err = run(
            *("edit", folder / f"{name}.mp4", "-s", folder / "noise.wav", "-o", plain, "--no-job"),
            *("--models", "debug", "--box", "24,12,40,40", *sets),
        )
        assert (code, err) == (0, "")
        assert (folder / f"{name}-noise.mp4").read_bytes() == plain.read_bytes()
    left = [p for p in folder.iterdir() if ".part" in p.name]
    assert not left


def test_example_of_the_page_works(run, folder, tmp_path):
    """With the tiny models and fewer steps; all else is as the page says."""
    text = PAGE.read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (line,) = re.findall(r"`(\{\"video\".*\})`", text)
    for name in ("clips", "sounds", "masks"):
        (folder / name).mkdir()
    for seed, name in enumerate(("street", "beach")):
        frames = make.moving_frames(3, seed=seed)
        make.write_video(folder / "clips" / f"{name}.mp4", frames, audio=make.tone(0.2))
        make.write_image(folder / "masks" / f"{name}.png", make.disc_mask())
    for name in ("fire", "rain"):
        (folder / "sounds" / f"{name}.wav").write_bytes((folder / "noise.wav").read_bytes())
    (folder / "jobs.yaml").write_text(f"{example}models: debug\n{QUICK}")
    code, _, err = run("batch", folder / "jobs.yaml")
    assert (code, err) == (0, "")
    assert sorted(p.name for p in (folder / "edited").glob("*.mp4")) == [
        *("beach-fire-fast.mp4", "beach-rain-fast.mp4", "street-fire-fast.mp4"),
        *("street-fire-quality.mp4", "street-rain-fast.mp4", "street-rain-quality.mp4"),
    ]
    record = json.loads((folder / "edited" / "beach-fire-fast.recipe.json").read_text())
    assert record["request"]["recipe"]["guidance"]["strength"] == 0.06
    row = {**json.loads(line), "models": "debug", "set": ["sampling.steps=3", "region.size=32"]}
    (folder / "more.jsonl").write_text(json.dumps(row))
    assert run("batch", folder / "more.jsonl")[0] == 0
    assert (folder / "edited" / "street.mp4").exists()


def test_page_tells_of_every_key():
    from soundini.batch.file import FileSettings

    table = PAGE.read_text().split("## The file")[1].split("## What happens")[0]
    told_of = {key for line in table.splitlines() for key in re.findall(r"`(\w+)`", line[:20])}
    assert told_of >= set(FileSettings.model_fields)
