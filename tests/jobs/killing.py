"""Edits that are killed: run as a process of its own by test_killed.py, which reads the JSON it prints.

A process that has torch in it takes seconds to start, so one process imports everything once and forks a child for every try.
What is killed is that child, with SIGKILL: the system ends it between two instructions, no handler, no ``finally`` and no
flush of Python's runs, and its locks and open files are dropped by the system alone, exactly as with ``kill -9`` on a command.
The parent runs no edit itself and keeps one thread, so a child starts from a clean state.

Children die in two ways, in turn. The parent kills them after a random time; and they kill themselves in the midst of a random
one of the calls by which anything reaches the disk (before the bytes are forced out, and before or after a name is changed),
which time alone would seldom meet.
"""

import contextlib
import io
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import cv2
import torch

from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.request import EditRequest
from soundini.generators import finish
from soundini.jobs.job import Job
from soundini.jobs.record import RECORD
from soundini.jobs.run import preparing_job, run_job
from soundini.jobs.windows import STATE, WINDOWS
from soundini.packs.loading import load_pack
from soundini.packs.pack import ModelPack


def work(folder: Path, request: EditRequest, pack: ModelPack, point: int = 0) -> None:
    """Begin the job, or go on with it, and die at a call; a state is kept after every step."""
    if point:
        die_at_call(point)
    if (folder / RECORD).exists():
        with Job.open(folder) as job:
            if job.record.state == "done":
                return
            for _ in run_job(job, finish(preparing_job(job, pack=pack)), 0):
                pass
        return
    prepared = prepare_edit(request, pack)
    with Job.create(prepared, folder) as job:
        for _ in run_job(job, prepared, 0):
            pass


def edit(request: EditRequest, pack: ModelPack) -> None:
    """Do it in one go, without a job."""
    for _ in run_edit(prepare_edit(request, pack)):
        pass


def die_at_call(number: int) -> None:
    """Kill this process in the midst of the call of that number."""
    calls = 0

    def counted(function, after: bool):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **options)
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    os.fsync = counted(os.fsync, after=False)
    late = number % 2 == 0
    Path.replace = counted(Path.replace, after=late)
    Path.unlink = counted(Path.unlink, after=late)


def child(call) -> int:
    """Fork; the child does the call and leaves without ceremony."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            call()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def wait(pid: int, seconds: float | None = None) -> int | None:
    """Exit status of a child, negative for a signal; None where it still runs after that time."""
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, 0 if end is None else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            return None
        time.sleep(0.002)


def stage(folder: Path) -> str:
    """How far a killed job had come, by what lies on disk."""
    if not (folder / RECORD).exists():
        return "not begun"
    windows = folder / WINDOWS
    finished = len(list(windows.glob("[0-9]*"))) if windows.exists() else 0
    return f"{finished} windows" + (" and a state" if (folder / STATE).exists() else "")


def main(asked: dict) -> dict:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    chance = random.Random(asked["seed"])
    requests = [EditRequest.model_validate(r) for r in asked["requests"]]
    root, pack = Path(asked["folder"]), load_pack("debug")
    kills, found = 0, {"stages": Counter(), "jobs": [], "codes": []}
    length = {}
    for number, request in enumerate(requests):
        plain = request.model_copy(update={"output": root / f"plain{number}.mp4"})
        began = time.monotonic()
        code = wait(child(partial(edit, plain, pack)))
        length[number] = time.monotonic() - began
        found["codes"].append(code)
    round_ = 0
    while kills < asked["kills"]:
        number = round_ % len(requests)
        folder, output = root / f"job{round_}", root / f"out{round_}.mp4"
        request = requests[number].model_copy(update={"output": output})
        killed = 0
        while True:
            by_call = (kills + killed) % 2 == 0
            point = chance.randint(1, 24) if by_call else 0
            pid = child(partial(work, folder, request, pack, point))
            code = wait(pid, None if by_call else chance.uniform(0, 1.1 * length[number]))
            if code is None:
                os.kill(pid, signal.SIGKILL)
                code = wait(pid)
            if code == 0:
                break
            if code != -signal.SIGKILL:
                found["codes"].append(code)
                return found
            killed += 1
            found["stages"][stage(folder)] += 1
        kills += killed
        found["jobs"].append({"plain": number, "output": str(output), "kills": killed})
        round_ += 1
    return found


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        result = main(json.load(sys.stdin))
    print(json.dumps(result))
