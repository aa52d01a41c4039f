"""Sound that is missing midway: silence takes its time, however short it is."""

from fractions import Fraction

import av
import numpy as np
import pytest

import media_factory as make
import strange_media as strange
from soundini.media.sound import load_sound
from soundini.media.sound_decoding import decode_sound
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_missing_packets_are_silence(tmp_path, suffix):
    video = make.write_video(
        tmp_path / f"a{suffix}", 72, audio=make.clicks(3.0, (0.5, 2.5)), options={"g": "12"}
    )
    gap = strange.without_sound_between(tmp_path / f"gap{suffix}", video, 1.0, 2.0)
    whole, sound = load_sound(video), load_sound(gap)
    assert sound.duration == pytest.approx(whole.duration, abs=0.03)
    late = make.onset(sound.samples[:, 48000:], 48000) + 1.0
    assert late == pytest.approx(2.5, abs=0.03)
    with (
        VideoReader(gap) as reader,
        VideoWriter(tmp_path / "b.mp4", reader.info, audio="source", audio_source=gap) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.rgb, frame.time, frame.duration)
    with av.open(str(tmp_path / "b.mp4")) as container:  # also to a player that ignores times
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    played = np.concatenate(blocks, 1)
    assert make.onset(played[:, 48000:], 48000) + 1.0 == pytest.approx(2.5, abs=0.06)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_part_after_a_gap_is_copied_in_its_place(tmp_path, suffix):
    """What is before the gap is no place for the decoder to start: it would move all that follows."""
    video = make.write_video(
        tmp_path / f"a{suffix}", 96, audio=make.clicks(4.0, (0.5, 2.5)), options={"g": "12"}
    )
    gap = strange.without_sound_between(tmp_path / f"gap{suffix}", video, 1.0, 2.0)
    begin = Fraction(2)
    with (
        VideoReader(gap) as reader,
        VideoWriter(
            tmp_path / "b.mp4", reader.info, audio="source", audio_source=gap, start=begin
        ) as writer,
    ):
        for frame in reader.frames(48, 72):
            writer.write(frame.rgb, frame.time - begin, frame.duration)
    sound = load_sound(tmp_path / "b.mp4")
    assert make.onset(sound.samples, 48000) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("suffix", "codec", "missing"),
    [
        *((".mkv", "aac", 1), (".mkv", "libmp3lame", 2), (".mkv", "libopus", 7)),
        *((".mkv", "pcm_s16le", 1), (".mp4", "aac", 7), (".mp4", "ac3", 2)),
        *((".ts", "aac", 1), (".ts", "mp2", 7), (".flv", "aac", 2)),
    ],
)
def test_single_packets_that_are_missing(tmp_path, suffix, codec, missing):
    """Gaps of some 20 ms each, which rounding of the timestamps could nearly be."""
    click = 2.5
    video = make.write_video(
        tmp_path / f"a{suffix}", 72, audio=make.clicks(3.0, (click,)), audio_codec=codec
    )
    holes = range(4, 4 + 6 * missing, 6)
    gap = strange.copy_packets(
        tmp_path / f"gap{suffix}", video, lambda n, packet: None if n in holes else packet
    )
    whole, sound = load_sound(video), load_sound(gap)
    assert sound.duration == pytest.approx(whole.duration, abs=0.004)
    late = make.onset(sound.samples[:, 2 * 48000 :], 48000) + 2.0
    assert late == pytest.approx(make.onset(whole.samples, 48000), abs=0.004)


@pytest.mark.parametrize(
    ("name", "video", "codec"),
    [
        *(("a.mkv", "libx264", codec) for codec in ("aac", "libmp3lame", "libopus", "pcm_s16le")),
        *(("a.mp4", "libx264", codec) for codec in ("aac", "libmp3lame", "ac3")),
        *(("a.ts", "libx264", codec) for codec in ("aac", "mp2")),
        *(("a.mpg", "mpeg2video", codec) for codec in ("mp2", "ac3")),
        *(("a.flv", "flv1", codec) for codec in ("aac", "libmp3lame")),
        *(("a.webm", "libvpx", "libopus"), ("a.nut", "libx264", "aac")),
        *(("a.mov", "libx264", "pcm_s16le"), ("a.avi", "mpeg4", "libmp3lame")),
    ],
)
def test_a_sound_without_gaps_has_none(tmp_path, name, video, codec):
    """Timestamps that containers round, and frames of several lengths, are no gaps."""
    sound = make.tone(3.0)
    make.write_video(tmp_path / name, 72, codec=video, audio=sound, audio_codec=codec)
    blocks = list(decode_sound(tmp_path / name))
    assert all(block.follows for block in blocks[1:])
