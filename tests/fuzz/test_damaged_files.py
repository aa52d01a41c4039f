"""Damaged files of every kind that soundini reads, through its real entry points; see ``cases.py`` for what is done."""

import os

import pytest

from .watching import run_cases

CASES = int(os.environ.get("SOUNDINI_FUZZ_CASES", "100"))
FIRST = int(os.environ.get("SOUNDINI_FUZZ_FIRST", "0"))


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
def test_nothing_hangs_leaks_a_traceback_writes_outside_or_leaves_a_half():
    failures = []
    for failure in run_cases(FIRST, FIRST + CASES):
        print(failure, flush=True)  # with -s each is told when it comes
        failures.append(failure)
    assert not failures, "\n\n".join([f"{len(failures)} of {CASES} cases went wrong", *failures])


def test_the_watch_sees_what_hangs_dies_and_fails(tmp_path):
    """Every third case of this worker hangs, dies, or is wrong; the rest is done all the same."""
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import os, sys, time\n"
        "for n in range(int(sys.argv[1]), int(sys.argv[2])):\n"
        "    print('begin', n, flush=True)\n"
        "    if n == 1: time.sleep(60)\n"
        "    if n == 3: os.abort()\n"
        "    print('fail 5 it was wrong' if n == 5 else f'end {n}', flush=True)\n"
    )
    told = list(run_cases(0, 7, 1.0, worker))
    assert [line.split()[1] for line in told] == ["1", "3", "5"]
    for line, words in zip(told, ("hangs", "died", "it was wrong"), strict=True):
        assert words in line
        assert f"worker.py {line.split()[1]} " in line
