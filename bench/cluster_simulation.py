"""A batch on many machines, event by event: what is measured on two cores, carried on to a thousand nodes.

One driver hands rows to workers, one on each node, and serves one request after the other. Seconds of rows are drawn from the
measured ones. What cannot be measured on one machine is an assumption, named in :class:`Assumptions`.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measured:
    """Figures of a real cluster on one machine; seconds and bytes.

    Args:
        frame: seconds a frame, of each row that was edited.
        check: of a row, by a warm worker.
        start: from asking for a worker until it is ready.
        load: of the models, the first time that a worker needs them.
        row: of the driver's processor, for handing out a row and writing down its end.
        poll: of the driver's processor, for asking one worker how far it is.
        row_bytes: that go through the driver for a row.
        poll_bytes: for one question and its answer.
    """

    frame: tuple[float, ...]
    check: float
    start: float
    load: float
    row: float
    poll: float
    row_bytes: float
    poll_bytes: float


@dataclass(frozen=True)
class Assumptions:
    """What is not measured.

    Args:
        frames: of a row's clip, median; lengths are lognormal.
        spread: standard deviation of the logarithm of the length.
        rows: for each node.
        slow_share: of the nodes, that are ``slow`` times slower than the others.
        slow: see there.
        lifetime: mean hours until a node is lost.
        detect: seconds until the loss is noticed.
        redo: seconds of work that are lost with it (the job goes on from its last state).
        price: dollars for an hour of a node of one core.
    """

    frames: float = 240.0
    spread: float = 0.5
    rows: int = 10
    slow_share: float = 0.02
    slow: float = 3.0
    lifetime: float = 200.0
    detect: float = 10.0
    redo: float = 5.0
    price: float = 0.04


@dataclass(frozen=True)
class Growth:
    """What came of it.

    Args:
        nodes: workers.
        hours: from the start to the end of the last row.
        throughput: frames a second, over all.
        efficiency: the work itself beside the time of all nodes: 1 where none waits, is slow or is lost.
        tail: share of the time in which at least one worker has nothing left to do.
        lost: nodes that were lost.
        driver: share of one core that the driver takes.
        traffic: bytes a second through the driver.
        cost: dollars for a minute of video at 24 frames a second.
    """

    nodes: int
    hours: float
    throughput: float
    efficiency: float
    tail: float
    lost: int
    driver: float
    traffic: float
    cost: float


def simulate(nodes: int, measured: Measured, assumed: Assumptions, interval: float) -> Growth:
    """Run a batch of ``assumed.rows`` rows a node.

    Args:
        nodes: workers.
        measured: figures of this machine.
        assumed: the rest.
        interval: seconds between two questions to the same worker.
    """
    rng = np.random.default_rng(nodes)
    rows = nodes * assumed.rows
    frames = np.ceil(assumed.frames * np.exp(rng.normal(0, assumed.spread, rows)))
    work = frames * rng.choice(measured.frame, rows)
    speed = np.where(rng.random(nodes) < assumed.slow_share, assumed.slow, 1.0)
    polling = nodes / interval * measured.poll  # of the driver's time, all the while
    handling = measured.row / max(1 - polling, 0.05)
    ready = measured.start + measured.load + measured.check * assumed.rows
    events = [(ready * speed[node], node) for node in range(nodes)]
    heapq.heapify(events)
    driver, lost, waiting = 0.0, 0, list(np.argsort(frames))  # the longest is taken first
    idle, end = float("inf"), 0.0
    while events:
        moment, node = heapq.heappop(events)
        if not waiting:
            idle = min(idle, moment)
            continue
        row = waiting.pop()
        driver = max(driver, moment) + handling
        seconds = work[row] * speed[node]
        life = rng.exponential(assumed.lifetime * 3600)
        while life < seconds:  # another node takes its place and goes on where it was
            lost += 1
            again = assumed.detect + measured.start + measured.load + assumed.redo
            seconds += again * speed[node]
            life += rng.exponential(assumed.lifetime * 3600)
        end = max(end, float(driver + seconds))
        heapq.heappush(events, (driver + seconds, node))
    throughput = float(frames.sum() / end)
    minutes = float(frames.sum()) / 24 / 60
    return Growth(
        nodes,
        end / 3600,
        throughput,
        float(work.sum() / (nodes * end)),
        max(0.0, end - idle) / end,
        lost,
        polling + rows * measured.row / end,
        nodes / interval * measured.poll_bytes + rows * measured.row_bytes / end,
        nodes * end / 3600 * assumed.price / minutes,
    )
