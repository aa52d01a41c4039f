"""Thirty edits that are killed at random points, and go on to the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from soundini.jobs.journal import LOG, LOSSES
from soundini.jobs.record import RECORD

KILLS = 30


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_edits_go_on_to_the_same_bytes(request_for, tmp_path):
    requests = [
        request_for("a.mp4"),
        request_for(
            "b.mp4",
            "sampling.method=dpmpp_2m",
            *("sampling.repeats=2", "sampling.repeat_from=0.8", "sampling.repeat_to=0.3"),
        ),
        request_for("c.mp4", "sampling.method=ddpm", "sound.envelope=loudness"),
        request_for("d.mp4", "method=blended-diffusion", "blended.candidates=2"),
    ]
    asked = {
        "seed": 20260101,
        "kills": KILLS,
        "folder": str(tmp_path),
        "requests": [r.model_dump(mode="json") for r in requests],
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killing.py"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["codes"] == [0] * len(requests), done.stderr
    assert sum(job["kills"] for job in found["jobs"]) >= KILLS
    for job in found["jobs"]:
        plain = (tmp_path / f"plain{job['plain']}.mp4").read_bytes()
        assert Path(job["output"]).read_bytes() == plain, job
    stages = found["stages"]
    assert sum("a state" in stage for stage in stages) >= 2, stages
    assert sum(stage.startswith(("1", "2", "3")) for stage in stages) >= 2, stages
    for folder in tmp_path.glob("job*"):
        assert {p.name for p in folder.iterdir()} - {"lock"} == {RECORD, LOG, LOSSES}
    left = [p for p in tmp_path.iterdir() if ".part" in p.name]
    assert not any(p.stat().st_size for p in left), "what was written of an output is gone"
