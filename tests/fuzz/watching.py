"""Runs the fuzzer's worker in a process of its own and watches it: what hangs or dies is told with the case's number."""

import os
import select
import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
SETTING_UP = 300.0
"""Seconds that the worker may take to import and to make its files, on a busy machine."""


def run_cases(first, last, patience=60.0, worker=WORKER):
    """Do cases ``first`` to ``last - 1``; yields a line for each that went wrong, with the command that does it again.

    Args:
        patience: seconds for one case; a worker that takes longer is killed, and a new one goes on behind that case.
    """
    while first < last:
        with subprocess.Popen(
            [sys.executable, str(worker), str(first), str(last)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        ) as process:
            case, trouble = None, None
            for line in _lines(process, patience):
                if line is None:
                    trouble = f"hangs: it took more than {patience:g} s"
                    process.kill()
                    break
                word, number, *why = line.split(" ", 2)
                case = int(number)
                if word == "fail":
                    yield _told(case, why[0], worker)
                if word != "begin":
                    first = case + 1
            said = process.communicate()[1].decode(errors="replace")
        if trouble is None and process.returncode:
            trouble = f"the process died ({process.returncode}): {said[-2000:]}"
        if trouble is not None:
            yield _told(first if case is None else case, trouble, worker)
            first = last if case is None else case + 1
        elif first < last:
            raise AssertionError(f"the worker stopped before case {first} of {last}: {said}")


def _told(case, why, worker):
    return f"case {case} {why}\n    again with: python {worker} {case} {case + 1}"


def _lines(process, patience):
    """Yield the lines of a process; None where none comes for too long."""
    descriptor, rest, wait = process.stdout.fileno(), b"", SETTING_UP
    while True:
        if not select.select([descriptor], [], [], wait)[0]:
            yield None
            return
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            wait = patience
            yield line.decode(errors="replace")
