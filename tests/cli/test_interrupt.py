import re
import signal
import time

import pytest

from soundini.cli.progress import stop_on_interrupt

from .conftest import QUICK, start

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGINT"), reason="POSIX signals")


def test_ctrl_c_leaves_nothing(video, sound, out):
    process = start(
        *("edit", video, "-s", sound, "--box", "24,12,40,40", "-o", out, *QUICK),
        *("--set", "sampling.steps=1000", "--set", "region.size=96"),
    )
    assert process.stdout is not None
    told = ""
    while "step 1/" not in told:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told += line
    assert list(out.parent.iterdir()) != []  # the partial file
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert process.returncode == 130
    assert re.fullmatch(r"soundini: stopped; go on with: soundini resume out-[0-9a-f]{4}\n", err)
    assert list(out.parent.iterdir()) == []


def test_the_first_ctrl_c_asks_and_the_second_stops():
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt() as stop:
        stop.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stop.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
