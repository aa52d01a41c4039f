"""Measure a batch on a Ray cluster of this machine at one and two workers, and carry it on to a thousand nodes.

    python bench/cluster.py [--rows 4] [--rounds 2] [--fresh] [--price 0.04] [--output docs/bench-cluster.md]

A node of two cores is started; workers have one each. The clips are made here. Figures lie in build/bench-cluster.jsonl.
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from cluster_simulation import Assumptions, Growth, Measured, simulate
from measuring import Notes, machine, write_clip

from soundini.batch.file import read_batch_file
from soundini.batch.rows import Batch, expand
from soundini.batch.run import RowEnded, RowStep
from soundini.cluster.connection import QUIET, WorkerNeeds
from soundini.cluster.pool import looks_apart
from soundini.cluster.run import ClusterBatch
from soundini.cluster.worker import Task

FIGURES = Path("build/bench-cluster.jsonl")
FRAMES = 14
NODES = (1, 2, 10, 100, 300, 1000)


@contextmanager
def cluster():
    """A cluster of this machine, with a core for each of two workers."""
    os.environ.update(QUIET)
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=10**8)
    try:
        yield
    finally:
        ray.shutdown()


def make_batch(folder: Path, rows: int) -> Batch:
    """Clips of one window, a fire of noise, one region."""
    for number in range(rows):
        write_clip(folder / f"clip{number}.mp4", FRAMES)
    content = {
        "video": "clip*.mp4",
        "sound": "self",
        "mask": {"box": "149,56,128,128"},
        "output": "out",
    }
    (folder / "jobs.yaml").write_text(yaml.safe_dump(content))
    return expand(read_batch_file(folder / "jobs.yaml"))


def measure(batch: Batch, workers: int) -> dict[str, Any]:
    """Do the batch once with so many workers."""
    shutil.rmtree(batch.output, ignore_errors=True)
    began = time.perf_counter()
    with ClusterBatch(batch, WorkerNeeds(cpus=1), workers) as doer:
        checking = doer.check()
        checks = [next(checking)]
        first = time.perf_counter() - began
        checks += checking
        checked = time.perf_counter() - began
        checks.sort(key=lambda check: check.number)
        began, cpu = time.perf_counter(), time.process_time()
        steps, seconds = [], []
        with closing(doer.run(checks)) as events:
            for event in events:
                if isinstance(event, RowStep):
                    steps.append(event.event)
                elif isinstance(event, RowEnded):
                    assert event.outcome.seconds is not None, event.outcome.error
                    seconds.append(event.outcome.seconds)
        spent = time.perf_counter() - began
        cpu = time.process_time() - cpu
    task = pickle.dumps(Task("edit", checks[0].request))
    return {
        "seconds": spent,
        "row_seconds": seconds,
        "first_check": first,
        "later_checks": (checked - first) / max(1, len(checks) - workers) * workers,
        "driver": cpu,
        "task_bytes": len(task) + len(pickle.dumps(seconds)),
        "step_bytes": float(np.mean([len(pickle.dumps(step)) for step in steps])) if steps else 0,
    }


def measure_driver() -> dict[str, float]:
    """What the driver pays for starting a worker, for a question, and for a task in which nothing is done."""
    import ray

    class Nobody:
        def ready(self) -> None:
            """Be there."""

    began = time.perf_counter()
    actor = ray.remote(Nobody).options(num_cpus=1).remote()
    ray.get(actor.ready.remote())
    start = time.perf_counter() - began
    count, cpu = 500, time.process_time()
    refs = [actor.ready.remote() for _ in range(count)]
    while refs:
        seen, refs = ray.wait(refs, num_returns=1)
        ray.get(seen)
    each = (time.process_time() - cpu) / count
    ray.kill(actor)
    return {"start": start, "question": each}


def collect(notes: Notes, rows: int, rounds: int) -> None:
    """Take what is missing; workers take turns, so that what else runs here harms both numbers alike."""
    with tempfile.TemporaryDirectory() as folder, cluster():
        batch = make_batch(Path(folder), rows)
        for turn in range(rounds):
            for workers in (1, 2):
                notes.figure(
                    f"{workers} workers, round {turn}", lambda w=workers: measure(batch, w)
                )
        notes.figure("driver", measure_driver)
        notes.figure("machine", machine)
        notes.figure("rows", lambda: rows)


def report(known: dict[str, Any], assumed: Assumptions) -> str:
    """The page."""
    runs = {n: [v for k, v in known.items() if k.startswith(f"{n} workers")] for n in (1, 2)}
    frames = known["rows"] * FRAMES
    rates = {n: max(frames / run["seconds"] for run in all_runs) for n, all_runs in runs.items()}
    ones = runs[1]
    frame = tuple(seconds / FRAMES for run in ones for seconds in run["row_seconds"])
    check = min(run["later_checks"] for run in ones)
    measured = Measured(
        frame=frame,
        check=check,
        start=known["driver"]["start"],
        load=max(0.0, min(run["first_check"] for run in ones) - check),
        row=min(run["driver"] for run in ones) / known["rows"],
        poll=known["driver"]["question"],
        row_bytes=float(np.mean([run["task_bytes"] for run in ones])),
        poll_bytes=float(np.mean([run["step_bytes"] for run in ones])),
    )
    growth = [simulate(n, measured, assumed, looks_apart(n)) for n in NODES]
    table = "\n".join(_measured(n, runs[n], rates) for n in (1, 2))
    simulated = "\n".join(map(_grown, growth))
    return f"""# A batch on many machines

Written by `python bench/cluster.py`. [scale.md](scale.md) explains the cluster and the figures.

## Measured

{known["rows"]} clips of {FRAMES} frames (one window), 426x240, a region of 128x128 pixels, preset `fast`, embedded models;
workers of one core that have loaded their models; rounds of one and of two workers took turns, and the best of each counts.

| workers | seconds, each round | frames a second | beside one worker |
|---:|---|---:|---:|
{table}

| a part of it | |
|---|---:|
| a row, seconds a frame, median | {np.median(frame):.2f} |
| a worker's process: asked for until ready, without soundini | {measured.start:.1f} s |
| its first check: import soundini, load the models, check a row | {measured.load + check:.1f} s |
| a further check | {check:.2f} s |
| driver's processor, for a row with all its steps | {1000 * measured.row:.0f} ms |
| driver's processor, for one question to one worker | {1000 * measured.poll:.2f} ms |
| bytes of a row: the task and its outcome | {measured.row_bytes:,.0f} |
| bytes of a question's answer | {measured.poll_bytes:,.0f} |

Machine: {known["machine"]}.

## Simulated

By `bench/cluster_simulation.py`, with the figures above; a node is one worker of one core. Assumed, not measured:
{assumed.rows} clips a node, of {assumed.frames:.0f} frames (median; lognormal, sigma {assumed.spread});
{assumed.slow_share:.0%} of the nodes are
{assumed.slow:.0f} times slower; a node is lost every {assumed.lifetime:.0f} hours, which takes {assumed.detect:.0f} s to notice;
${assumed.price:.2f} for an hour of a node. The clips themselves go over the shared path and not through the cluster, and are not
simulated. *Waiting* is the share of the time in which at least one node has nothing left to do; *traffic* is what goes through
the driver and Ray's object store.

| nodes | hours | frames a second | efficiency | waiting | nodes lost | driver, of a core | traffic | dollars a minute of video |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{simulated}
"""


def _measured(workers: int, runs: list[dict[str, Any]], rates: dict[int, float]) -> str:
    seconds = ", ".join(f"{run['seconds']:.1f}" for run in runs)
    return f"| {workers} | {seconds} | {rates[workers]:.2f} | {rates[workers] / rates[1]:.2f} |"


def _grown(g: Growth) -> str:
    return (
        f"| {g.nodes:,} | {g.hours:.2f} | {g.throughput:.1f} | {g.efficiency:.0%} | {g.tail:.0%} | {g.lost} "
        f"| {g.driver:.1%} | {g.traffic / 1000:.1f} kB/s | {g.cost:.3f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--fresh", action="store_true", help="measure anew what was measured before"
    )
    parser.add_argument("--price", type=float, default=Assumptions.price)
    parser.add_argument("--output", type=Path, default=Path("docs/bench-cluster.md"))
    options = parser.parse_args()
    notes = Notes(FIGURES, fresh=options.fresh)
    collect(notes, options.rows, options.rounds)
    options.output.write_text(report(notes.known, Assumptions(price=options.price)))


if __name__ == "__main__":
    main()
