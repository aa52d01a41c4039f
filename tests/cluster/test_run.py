import json
import subprocess
import sys
import time
from contextlib import closing

import pytest
import ray
import torch
import yaml

import media_factory as make
from soundini.batch.file import read_batch_file
from soundini.batch.place import Place
from soundini.batch.remote import RemotePlace
from soundini.batch.rows import expand
from soundini.batch.run import LocalBatch, RowBegun, RowEnded, RowLost
from soundini.cluster.connection import WorkerNeeds
from soundini.cluster.run import JOBS, ClusterBatch
from soundini.cluster.worker import BatchLocation, Worker
from soundini.errors import ConfigError

# Ray leaves files of its own open.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
NEEDS = WorkerNeeds(cpus=1, memory=10**9)
SLOW = {
    "models": "debug",
    "set": ["sampling.steps=60", "region.size=32", "window.frames=4", "window.overlap=1"],
}


@pytest.fixture
def folder(tmp_path):
    """Three clips of seven frames and a sound, on a path that all nodes share."""
    for seed in range(3):
        make.write_video(tmp_path / f"clip{seed}.mp4", make.moving_frames(7, seed=seed))
    make.write_sound(tmp_path / "tone.wav", make.tone(0.3))
    return tmp_path


def batch(folder, place=None, **keys):
    path = folder / "jobs.yaml"
    content = {"video": "clip*.mp4", "sound": "tone.wav", "mask": {"box": "24,12,40,40"}, **keys}
    path.write_text(yaml.safe_dump(content))
    return expand(read_batch_file(path), place or Place(folder))


def do(made, react=None, count=None):
    """Check and do a batch on the cluster; ``react`` sees every event, of workers that are all there."""
    events = []
    with ClusterBatch(made, NEEDS, count) as doer:
        if react is not None:
            ray.get([worker.ready for worker in doer._pool._workers])
        checks = sorted(doer.check(), key=lambda check: check.number)
        assert not any(check.problem for check in checks)
        with closing(doer.run(checks)) as stream:
            for event in stream:
                events.append(event)
                if react is not None:
                    react(events)
    return events


def states(events):
    ended = {e.number: e.outcome for e in events if isinstance(e, RowEnded)}
    return [ended[number].state for number in sorted(ended)]


def alone(made, output):
    """The bytes of all rows, done by this process with one thread; the outputs are taken away."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        doer = LocalBatch(made)
        assert set(states(doer.run(list(doer.check())))) == {"done"}
    finally:
        torch.set_num_threads(threads)
    found = {}
    for path in sorted(output.glob("*.mp4")):
        found[path.name] = path.read_bytes()
        path.unlink()
        path.with_suffix(".recipe.json").unlink()
    return found


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.mp4"))}


@pytest.mark.long
def test_a_node_killed_in_mid_run_changes_no_byte(driver, folder):
    made = batch(folder, output="out", **SLOW)
    expected = alone(made, folder / "out")
    finished_windows = f"out/{JOBS}/**/windows/*.safetensors"
    killed = []

    def kill(events):
        """When both nodes have a row and the first window of one is done: another of sixty steps is left of it."""
        if killed or len({e.number for e in events if isinstance(e, RowBegun)}) < 2:
            return
        while not any(folder.glob(finished_windows)):
            time.sleep(0.01)
        killed.append(next(iter(driver.worker_nodes)))
        driver.remove_node(killed[0], allow_graceful=False)

    events = do(made, react=kill)
    assert killed
    assert [e.number for e in events if isinstance(e, RowLost)] in ([1], [2])
    assert states(events) == ["done"] * 3
    assert contents(folder / "out") == expected
    assert not (folder / "out" / JOBS).exists(), "what is done leaves no job"
    lines = [json.loads(line) for line in made.manifest.read_text().splitlines()]
    assert sorted((line["row"], line["state"]) for line in lines[3:]) == [
        (i, "done") for i in (1, 2, 3)
    ]
    assert {line["recipe"] for line in lines[3:]} == {f"clip{i}-tone.recipe.json" for i in range(3)}
    assert states(do(made)) == ["skipped"] * 3


@pytest.mark.long
def test_files_at_an_address_are_fetched_and_sent(driver, folder):
    there = folder / "bucket"
    there.mkdir()
    for path in [folder / "clip0.mp4", folder / "clip1.mp4", folder / "tone.wav"]:
        path.rename(there / path.name)
    quick = {**SLOW, "set": ["sampling.steps=2", "region.size=32"]}
    made = batch(folder, RemotePlace(there.as_uri()), output="out", **quick)
    assert states(do(made)) == ["done"] * 2
    names = [path.name for path in there.glob("out/*") if not path.name.startswith(".")]
    assert sorted(names) == sorted(
        [f"{row.request.output.stem}{end}" for row in made.rows for end in (".mp4", ".recipe.json")]
        + ["jobs.manifest.jsonl"]
    )
    assert not list(there.rglob("*.part")), "nothing half sent is left"
    next(there.glob("out/*.mp4")).unlink()
    assert sorted(states(do(made, count=1))) == ["done", "skipped"]


def test_every_bad_row_is_found_by_the_workers(driver, folder):
    (folder / "clip1.mp4").write_bytes(b"no video")
    made = batch(folder, rows=[{}, {"mask": {"box": "900,900,4,4"}, "name": "far"}], **SLOW)
    with ClusterBatch(made, NEEDS, 1) as doer:
        problems = {check.number: check.problem for check in doer.check()}
    assert [number for number in sorted(problems) if not problems[number]] == [1, 3]
    assert "clip1.mp4" in str(problems[2])
    assert "clip2.mp4" not in str(problems[2])
    assert "far.mp4" in str(problems[5]), "rows that write the same file are found before"


def test_too_much_asked_of_the_nodes_is_told(driver, folder):
    with pytest.raises(ConfigError, match="no machine of the cluster has 64 cores"):
        ClusterBatch(batch(folder, **SLOW), WorkerNeeds(cpus=64))


def test_another_version_is_no_worker(tmp_path):
    with pytest.raises(ConfigError, match="install the same"):
        Worker(BatchLocation(tmp_path), 1, "0.0.0").ready()


@pytest.mark.long
def test_command_edits_with_real_weights_on_a_cluster(cluster, folder):
    (folder / "clip2.mp4").unlink()
    quick = ["sampling.steps=2", "window.frames=4", "window.overlap=1"]
    made = batch(folder, output="out", set=quick)
    expected = alone(made, folder / "out")
    command = [sys.executable, "-m", "soundini", "batch", str(folder / "jobs.yaml")]
    command += ["--cluster", cluster.address, "--worker-memory", "2GB"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stderr
    assert "2 done, 0 done before, 0 failed" in ended.stdout
    assert contents(folder / "out") == expected
