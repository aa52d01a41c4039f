"""``soundini edit --method vqgan-clip``, on the embedded VQGAN and joint space."""

import numpy as np
import pytest

import media_factory as make
from soundini.demo.sounds import crackle, write_wav
from soundini.media.video_reader import VideoReader

from .conftest import BOX, assert_refused
from .test_edit import frames_of, recipe_beside

FEW = ("--method", "vqgan-clip", "--set", "vqgan.iterations=3", "--audio", "none")
EXACT = ("--set", "output.crf=0")


def source_of(video):
    with VideoReader(video) as reader:
        return np.stack([frame.rgb for frame in reader.frames()]).astype(int)


@pytest.mark.long
def test_a_crackle_turns_a_clip_into_fire(run, out, tmp_path):
    """On real weights: redder and less blue inside the mask, as it was outside."""
    video = make.write_video(tmp_path / "in.mp4", 3)
    sound = tmp_path / "fire.wav"
    write_wav(sound, crackle(1.0))
    more = (*FEW, *EXACT, "--set", "vqgan.iterations=12", "--set", "region.size=64")
    code, told, err = run("edit", video, "-s", sound, "--box", BOX, "-o", out, *more)
    assert (code, err) == (0, "")
    assert "the sound is heard as fire" in told
    change = (frames_of(out).astype(int) - source_of(video)).mean(0)
    inside, outside = change[20:44, 32:56], change[:, 80:]
    assert inside[..., 0].mean() > inside[..., 2].mean() + 25
    assert np.abs(outside).mean() < 2
    record = recipe_beside(out)
    assert record["request"]["recipe"]["vqgan"]["iterations"] == 12
    assert "vqgan" in record["models"]["sha256"]


@pytest.mark.parametrize("init", ["previous", "source"])
def test_the_same_command_writes_the_same_file(edit, out, tmp_path, init):
    again = tmp_path / "again.mp4"
    flags = (*FEW, "--set", f"vqgan.init={init}")
    for path in (out, again):
        code, told, err = edit(*flags, output=path)
        assert (code, err) == (0, "")
        assert "step 3/3" in told
    assert out.read_bytes() == again.read_bytes()
    assert (
        "vqgan" in recipe_beside(out)["models"]["sha256"]
    )  # the debug models have none of their own


def test_official_weights_that_are_not_there_are_asked_for(edit, out, monkeypatch, tmp_path):
    monkeypatch.setenv("SOUNDINI_HOME", str(tmp_path))
    official = ("--set", "vqgan.weights=vqgan_imagenet_f16_16384")
    assert_refused(edit(*FEW, *official), "soundini weights fetch vqgan_imagenet_f16_16384")
    assert not out.exists()
    assert_refused(edit(*FEW, "--set", "vqgan.weights=teapot"), "vqgan.weights")
    assert_refused(edit(*FEW, "--set", "vqgan.iterations=0"), "vqgan.iterations")
