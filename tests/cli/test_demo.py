import pytest

import media_factory as make
from soundini.demo import clip
from soundini.errors import MediaError
from soundini.media.video_info import probe_video

from .conftest import assert_refused


def test_demo_without_its_clip_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "PACKAGE", "soundini-has-no-such-clip")
    result = run("demo", "-o", tmp_path / "demo")
    assert_refused(result, "pip install 'soundini[demo]'", "--video")


def test_demo_on_media_of_ones_own(run, tmp_path):
    video = make.write_video(tmp_path / "own.mp4", 5)
    folder = tmp_path / "demo"
    assert_refused(run("demo", "--video", video, "-o", folder), "--box")
    ask = ("demo", "--video", video, "--box", "0.2,0.2,0.6,0.6", "--models", "debug", "-o", folder)
    code, told, _ = run(*ask)
    assert code == 0
    assert "SYNTHETIC" in told
    assert str(folder / "demo.mp4") in told
    names = ["before-after.png", "crackle-synthetic.wav", "demo.mp4", "demo.recipe.json"]
    assert sorted(p.name for p in folder.iterdir()) == names


def test_demo_into_a_file_is_refused(run, tmp_path):
    taken = tmp_path / "demo"
    taken.touch()
    own = ("--video", make.write_video(tmp_path / "own.mp4", 5), "--box", "0.2,0.2,0.6,0.6")
    assert_refused(run("demo", *own, "-o", taken), "demo")


def test_demo_clip_is_where_the_package_says():
    try:
        info = probe_video(clip.demo_clip())
    except MediaError:
        pytest.skip("the demo extra is not installed")
    assert (info.width, info.height) == (640, 272)
    assert (info.frame_count or 0) >= int(clip.END)
