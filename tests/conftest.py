import gc
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from soundini.media.sound import Sound
from soundini.packs.loading import load_pack

# So that the tests of every folder can `import media_factory`.
sys.path.insert(0, str(Path(__file__).parent))


TOGETHER = ("browser", "cluster")
"""Folders whose tests share a browser or a cluster."""
FIRST = (*TOGETHER, "training", "docs", "cli", "editing", "web")
"""Folders that take longest; what takes long must not begin last."""


def pytest_addoption(parser):
    parser.addoption(
        "--gpu-device",
        default="cuda",
        help="where the tests marked gpu run; with cpu, all but what CUDA alone can tell is tried",
    )


@pytest.fixture
def gpu(request):
    """The device of the tests marked ``gpu``, which are skipped where there is none."""
    device = torch.device(request.config.getoption("--gpu-device"))
    if device.type == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return device


def folder_of(name):
    """The folder of a test within ``tests``, or its file."""
    return name.partition("::")[0].removeprefix("tests/").partition("/")[0]


def pytest_collection_modifyitems(items):
    rank = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(folder_of(item.nodeid), len(FIRST)))


def pytest_collection_finish():
    """What is imported by now stays; the garbage collector need not look through it again and again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One process more than cores: those that drive a browser or a cluster mostly wait."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With several processes, one of them does all tests of a file, or of a folder, so that fixtures are made once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            folder = folder_of(nodeid)
            return folder if folder in TOGETHER else nodeid.partition("::")[0]

    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A home of soundini's own for every test: every edit leaves a job there."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SOUNDINI_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def debug():
    """The tiny random pack."""
    return load_pack("debug")


@pytest.fixture
def clip():
    """Eight frames of a moving texture, ``uint8 [8, 48, 64, 3]``."""
    rng = np.random.default_rng(0)
    wide = np.repeat(np.repeat(rng.integers(0, 255, (12, 24, 3)), 4, 0), 4, 1).astype(np.uint8)
    return np.stack([wide[:, i : i + 64] for i in range(8)])


@pytest.fixture
def hiss():
    """One second of noise that grows from a tenth to full level."""
    rng = np.random.default_rng(1)
    samples = rng.normal(0, 0.2, (1, 44_100)) * np.linspace(0.1, 1, 44_100)
    return Sound(samples.astype(np.float32).clip(-1, 1), 44_100)
