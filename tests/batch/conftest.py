import json
import shutil

import numpy as np
import pytest
import yaml

import media_factory as make
from soundini.batch.check import check_rows
from soundini.batch.file import read_batch_file
from soundini.batch.place import Place
from soundini.batch.rows import expand
from soundini.editing.files import ModelCache

QUICK = ["sampling.steps=3", "region.size=32", "window.frames=4", "window.overlap=1"]
SHARED = {"models": "debug", "set": QUICK, "sound": "fire.wav", "mask": {"box": "24,12,40,40"}}


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """Two clips of seven frames of 96x64, a mask for each, and two noises; made once."""
    folder = tmp_path_factory.mktemp("media")
    rng = np.random.default_rng(0)
    (folder / "clips").mkdir()
    (folder / "masks").mkdir()
    for seed, name in enumerate(("beach", "street")):
        make.write_video(
            folder / "clips" / f"{name}.mp4", make.moving_frames(7, seed=seed), audio=make.tone(0.3)
        )
        inside = np.zeros((64, 96), np.float32)
        inside[12:52, 24 : 60 + seed] = 1
        make.write_image(folder / "masks" / f"{name}.png", inside)
    for name in ("fire", "rain"):
        noise = rng.uniform(-0.6, 0.6, (1, 24000)).astype(np.float32)
        make.write_sound(folder / f"{name}.wav", noise)
    return folder


@pytest.fixture
def folder(media, tmp_path):
    """Those in a folder of the test's own, with room for things outside of it."""
    shutil.copytree(media, tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def batch(folder):
    """A batch file of those keys, laid over the shared ones, expanded."""

    def make_batch(root=None, **keys):
        path = folder / "jobs.yaml"
        path.write_text(yaml.safe_dump({**SHARED, **keys}))
        return expand(read_batch_file(path), Place(folder, root))

    return make_batch


@pytest.fixture
def models(debug):
    """The tiny random models, loaded already."""
    kept = ModelCache()
    kept.open = lambda _: debug
    return kept


@pytest.fixture
def problems(models):
    """What the check finds wrong with each row."""
    return lambda batch: [
        "" if check.problem is None else str(check.problem) for check in check_rows(batch, models)
    ]


@pytest.fixture
def told(folder):
    """The lines of the manifest."""

    def read():
        text = (folder / "jobs.manifest.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    return read
