"""What messages advise is tried: who does as they say gets on."""

import itertools
import re
from contextlib import closing

import numpy as np
import pytest

import media_factory as make
import strange_media as strange
from soundini.config.presets import load_preset, override
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.part import read_part
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import SoundiniError
from soundini.generators import finish
from soundini.media.video_info import probe_video

SIZE = (64, 96)


@pytest.fixture
def ask(tmp_path):
    make.write_video(tmp_path / "clip.mp4", 12)
    make.write_sound(tmp_path / "fire.wav", make.tone(1.0))

    def call(*settings, mask=None, **fields):
        quick = ("sampling.steps=1", "region.size=32", "window.frames=4", "window.overlap=1")
        return EditRequest(
            **{
                "video": tmp_path / "clip.mp4",
                "sound": str(tmp_path / "fire.wav"),
                "output": tmp_path / "out.mp4",
                "mask": mask or MaskRequest(box="0.2,0.2,0.4,0.4"),
                "recipe": override(load_preset("fast"), [*quick, *settings]),
                "models": "debug",
                **fields,
            }
        )

    return call


def parted(request):
    with closing(finish(read_part(request))) as part:
        return part


def refused(request):
    with pytest.raises(SoundiniError) as error:
        finish(read_part(request)).close()
    return str(error.value)


def masked(*paths):
    return MaskRequest(paths=tuple(map(str, paths)))


@pytest.mark.parametrize(("suffix", "sound"), [(".mp4", "self"), (".mkv", "fire")])
def test_only_the_frames_before_the_damage(ask, tmp_path, suffix, sound):
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 120000)).astype(np.float32)
    whole = make.write_video(tmp_path / f"whole{suffix}", 60, audio=audio, options={"g": "12"})
    data = strange.with_index_first(tmp_path / f"front{suffix}", whole).read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: len(data) * 6 // 10])
    fields = {"video": cut} | ({"sound": "self"} if sound == "self" else {})
    frame = int(re.search(r"edit only the frames before (\d+)$", refused(ask(video=cut)))[1])
    refused(ask(**fields))
    assert frame > 12
    for end in (frame, frame - 1):
        assert parted(ask(end=str(end), **fields)).frame_count == end
    for _ in run_edit(
        prepare_edit(ask("output.audio=source", start="8", end=str(frame), **fields))
    ):
        pass
    assert probe_video(tmp_path / "out.mp4").frame_count == frame - 8


def test_a_picture_that_changes_its_size(ask, tmp_path):
    parts = [make.write_video(tmp_path / f"{i}.ts", 24, size=(64, 96 + 32 * i)) for i in range(2)]
    path = strange.join(tmp_path / "both.ts", *parts)
    told = refused(ask(video=path))
    frame = re.search(r"at frame (\d+); cut the video there", told)[1]
    assert parted(ask(video=path, end=frame)).frame_count == int(frame)


def test_masks_that_end_before_the_video(ask, tmp_path):
    (tmp_path / "masks").mkdir()
    for i in range(7):
        make.write_image(tmp_path / f"masks/{i:02d}.png", make.disc_mask(SIZE))
    pictures = [np.repeat(make.disc_mask(SIZE)[..., None], 3, 2).astype(np.uint8) * 255] * 7
    make.write_video(tmp_path / "mask.mp4", pictures)
    for name in ("masks", "mask.mp4"):
        mask = masked(tmp_path / name)
        refused(ask(mask=mask))
        assert parted(ask(mask=mask, end="7")).frame_count == 7
    assert "region.track" in refused(ask(mask=masked(tmp_path / "masks")))
    assert parted(ask("region.track=true", mask=masked(tmp_path / "masks"))).frame_count == 12


def test_black_and_white(ask, tmp_path):
    make.write_image(tmp_path / "black.png", np.zeros(SIZE, np.float32))
    make.write_image(tmp_path / "white.png", np.ones(SIZE, np.float32))
    assert "or black with region.invert" in refused(ask(mask=masked(tmp_path / "black.png")))
    assert parted(ask("region.invert=true", mask=masked(tmp_path / "black.png"))).frame_count == 12
    assert "use whole_frame" in refused(ask(mask=masked(tmp_path / "white.png")))
    assert parted(ask(mask=MaskRequest(whole_frame=True))).frame_count == 12
    told = refused(ask("region.invert=true", mask=masked(tmp_path / "white.png")))
    assert "leave region.invert out" in told


def test_a_sound_that_is_not_heard(ask, tmp_path):
    path = make.write_sound(tmp_path / "late.wav", make.clicks(3.0, (2.5,)))
    with pytest.raises(SoundiniError, match=r"see sound\.offset, sound\.gain and sound\.loop"):
        prepare_edit(ask(sound=str(path)))
    for remedy in (["sound.offset=-2.3"], ["sound.offset=-5.3", "sound.loop=true"]):
        with closing(prepare_edit(ask(*remedy, sound=str(path)))) as edit:
            assert edit.track.sound.peak > 0.1


def test_pixels_that_some_players_refuse(ask, tmp_path):
    path = make.write_video(tmp_path / "text.mp4", 12, pixel_format="yuv444p")
    told = str(*parted(ask(video=path)).notes)
    assert "the result is yuv444p, as the source is yuv444p" in told
    assert "output.pixel_format=yuv420p" in told
    for setting, pixels in ((), "yuv444p"), (("output.pixel_format=yuv420p",), "yuv420p"):
        for _ in run_edit(prepare_edit(ask(*setting, video=path, end="2"))):
            pass
        assert probe_video(tmp_path / "out.mp4").pixel_format == pixels
    assert parted(ask("output.pixel_format=yuv420p", video=path)).notes == ()


def test_a_source_whose_sound_is_damaged(ask, tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 48000)).astype(np.float32)
    path = make.write_video(tmp_path / "a.mkv", 24, audio=noise, audio_codec="flac")
    strange.damage_sound(tmp_path / "bad.mkv", path)
    with pytest.raises(SoundiniError, match="its sound cannot be decoded"):
        for _ in run_edit(prepare_edit(ask("output.audio=source", video=tmp_path / "bad.mkv"))):
            pass
    for audio in ("none", "guide"):
        edit = prepare_edit(ask(f"output.audio={audio}", video=tmp_path / "bad.mkv", end="2"))
        assert len(list(itertools.islice(run_edit(edit), 100))) > 2


def test_interlaced_pictures_are_told(ask, tmp_path):
    path = make.write_video(tmp_path / "a b.mp4", 4, options={"x264-params": "tff=1"})
    told = str(*parted(ask(video=path)).notes)
    assert told.endswith("with: ffmpeg -i 'a b.mp4' -vf bwdif out.mp4")


def test_a_part_between_two_frames(ask, tmp_path):
    path = make.write_video(tmp_path / "slow.mp4", 4, fps=1)
    told = refused(ask(video=path, start="0.25s", end="0.75s"))
    assert told.endswith("has no frame that begins from 0.25s to 0.75s; choose a later end")
    assert parted(ask(video=path, start="0.25s", end="1.75s")).frame_count == 1
    assert "is empty" in refused(ask(video=path, start="0.75s", end="0.25s"))
