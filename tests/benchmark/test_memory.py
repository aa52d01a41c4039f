import sys

import numpy as np
import pytest
import torch

from soundini.benchmark.memory import PeakMemory
from soundini.editing import memory

CPU = torch.device("cpu")
MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's mark is Linux's")
def test_the_mark_is_that_of_the_block_and_not_of_what_was_before():
    with PeakMemory(CPU) as idle:
        pass
    if idle.resident is None:
        pytest.skip("this system does not let a process set its mark back")
    with PeakMemory(CPU) as greedy:
        np.ones(200 * MIB, np.uint8)
    with PeakMemory(CPU) as after:
        pass
    assert greedy.resident - idle.resident > 180 * MIB
    assert greedy.resident - after.resident > 180 * MIB
    assert after.on_device is None


def test_without_a_way_to_set_it_back_there_is_no_figure(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_FORGET", tmp_path / "none" / "clear_refs")
    with PeakMemory(CPU) as peak:
        pass
    assert peak.resident is None
