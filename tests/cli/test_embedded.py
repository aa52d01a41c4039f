import json

import numpy as np
import pytest

import media_factory as make
from soundini.demo.sounds import crackle, write_wav
from soundini.media.video_reader import VideoReader


def test_the_embedded_models_edit_a_clip_by_a_crackle(run, tmp_path):
    video = make.write_video(tmp_path / "in.mp4", 3)
    sound, out = tmp_path / "fire.wav", tmp_path / "out.mp4"
    write_wav(sound, crackle(1.0))
    code, told, err = run(
        *("edit", video, "-s", sound, "--box", "24,12,40,40", "-o", out),
        *("--set", "sampling.steps=4", "--set", "region.size=64"),
    )
    assert (code, err) == (0, "")
    assert "the sound is heard as fire" in told
    with VideoReader(out) as edited, VideoReader(video) as source:
        pairs = zip(edited.frames(), source.frames(), strict=True)
        change = np.stack([a.rgb.astype(int) - b.rgb for a, b in pairs]).mean(0)
    inside, outside = change[20:44, 32:56], change[:, 80:]
    assert np.abs(inside).mean() > 5 * np.abs(outside).mean()
    assert inside[..., 0].mean() > inside[..., 2].mean() + 25  # it burns: redder, and less blue
    record = json.loads(out.with_suffix(".recipe.json").read_text())
    assert len(record["models"]["sha256"]) == 6
    assert np.isfinite(list(record["losses"].values())).all()


@pytest.mark.long
def test_frames_between_keyframes_burn_too(run, tmp_path):
    frames = make.moving_frames(5, motion=(0, 2))
    video = make.write_video(tmp_path / "in.mp4", frames)
    sound, out = tmp_path / "fire.wav", tmp_path / "out.mp4"
    write_wav(sound, crackle(1.0))
    code, told, err = run(
        *("edit", video, "-s", sound, "--box", "24,12,40,40", "-o", out, "--envelope", "off"),
        *("--stride", "4", "--set", "sampling.steps=4", "--set", "region.size=64"),
    )
    assert (code, err) == (0, "")
    assert "step 4/4" in told
    with VideoReader(out) as edited, VideoReader(video) as source:
        pairs = zip(edited.frames(), source.frames(), strict=True)
        change = np.stack([a.rgb.astype(int) - b.rgb for a, b in pairs])
    inside = change[:, 20:44, 32:56].mean((1, 2))
    assert (inside[:, 0] > inside[:, 2] + 25).all()  # all five are redder, and less blue
    strong = np.abs(change[:, 20:44, 32:56]).mean((1, 2, 3))
    assert strong[1:4].min() > 0.7 * strong[[0, 4]].min()


@pytest.mark.long
def test_layered_atlases_burn_too_and_the_flames_go_with_the_scene(run, tmp_path):
    frames = make.moving_frames(4, motion=(0, 2))
    video = make.write_video(tmp_path / "in.mp4", frames)
    sound, out = tmp_path / "fire.wav", tmp_path / "out.mp4"
    write_wav(sound, crackle(1.0))
    code, told, err = run(
        *("edit", video, "-s", sound, "--box", "24,12,40,40", "-o", out, "--envelope", "off"),
        *(
            "--method",
            "layered-atlases",
            "--set",
            "atlases.steps=60",
            "--set",
            "atlases.points=500",
        ),
        *("--set", "sampling.steps=4", "--set", "region.size=64"),
    )
    assert (code, err) == (0, "")
    assert "fit 60/60 of window 1" in told
    assert "step 4/4" in told
    with VideoReader(out) as edited, VideoReader(video) as source:
        pairs = zip(edited.frames(), source.frames(), strict=True)
        change = np.stack([a.rgb.astype(int) - b.rgb for a, b in pairs])
    inside, outside = change[:, 20:44, 32:56], change[:, :, 80:]
    assert np.abs(inside).mean() > 5 * np.abs(outside).mean()
    assert inside[..., 0].mean() > inside[..., 2].mean() + 25
    carried = np.abs(change[3, 20:44, 38:56] - change[0, 20:44, 32:50]).mean()
    still = np.abs(change[3, 20:44, 38:56] - change[0, 20:44, 38:56]).mean()
    assert carried < 0.7 * still
    record = json.loads(out.with_suffix(".recipe.json").read_text())
    assert record["request"]["recipe"]["atlases"]["steps"] == 60
