import sys
from pathlib import Path

import numpy as np
import pytest

from soundini.media.sound import Sound
from soundini.packs.loading import load_pack

# So that the tests of every folder can `import media_factory`.
sys.path.insert(0, str(Path(__file__).parent))


TOGETHER = ("browser", "cluster")
"""Folders whose tests share a browser or a cluster."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """With several processes, a file is done by one of them, so that its fixtures are made once."""
    for item in items:
        path = item.path.relative_to(Path(__file__).parent)
        name = path.parts[0] if path.parts[0] in TOGETHER else str(path)
        item.add_marker(pytest.mark.xdist_group(name))


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
