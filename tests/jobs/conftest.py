import shutil

import numpy as np
import pytest

import media_factory as make
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.request import EditRequest, MaskRequest

QUICK = ("sampling.steps=4", "region.size=32", "window.frames=5", "sound.envelope=off")


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """A folder of 14 frames of 96x64, edited in four windows of four steps each, and of a noise; made once: x264 differs."""
    folder = tmp_path_factory.mktemp("media")
    make.write_video(folder / "in.mp4", 14, audio=make.tone(0.6))
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 24000)).astype(np.float32)
    make.write_sound(folder / "noise.wav", noise)
    return folder


def request_in(folder, name, *settings, **fields):
    """An edit of those by the tiny random models into a file of that name."""
    return EditRequest(
        video=folder / "in.mp4",
        sound=str(folder / "noise.wav"),
        output=folder / name,
        mask=MaskRequest(box="24,12,40,40"),
        recipe=override(Recipe(), [*QUICK, *settings]),
        models="debug",
        **fields,
    )


@pytest.fixture
def sound(tmp_path):
    return tmp_path / "noise.wav"


@pytest.fixture
def request_for(tmp_path, media):
    shutil.copytree(media, tmp_path, dirs_exist_ok=True)
    return lambda name="out.mp4", *settings, **fields: request_in(
        tmp_path, name, *settings, **fields
    )


@pytest.fixture(scope="session")
def plain(media, tmp_path_factory):
    """The bytes of the edit that is done in one go."""
    output = tmp_path_factory.mktemp("plain") / "out.mp4"
    request = request_in(media, "out.mp4").model_copy(update={"output": output})
    for _ in run_edit(prepare_edit(request)):
        pass
    return request.output.read_bytes()
