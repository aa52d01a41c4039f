from fractions import Fraction

import av
import numpy as np
import pytest

import media_factory as make
from soundini.media.packets import count_by_packets, find_entry, frame_ticks
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader

FRAMES = 90
X264 = {"crf": "20", "g": "24", "bf": "3"}
CODED = {
    "closed.mp4": ("libx264", X264),
    "open.mp4": ("libx264", {**X264, "x264-params": "open-gop=1:keyint=24:bframes=5:b-pyramid=2"}),
    "stream.ts": ("libx264", X264),
    "matroska.mkv": ("libx264", X264),
    "hevc.mp4": ("libx265", {"x265-params": "keyint=24:bframes=4:open-gop=1:log-level=none"}),
    "old.avi": ("mpeg4", {"g": "12", "bf": "2"}),
    "mpeg4.mp4": ("mpeg4", {"g": "12", "bf": "2"}),
    "vp9.webm": ("libvpx-vp9", {"g": "24", "deadline": "realtime", "cpu-used": "8"}),
    "vp8.webm": ("libvpx", {"g": "24", "deadline": "realtime"}),
    "lossless.mkv": ("ffv1", {"g": "12"}),
}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Films of 90 frames that jump about, each made once."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (12, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(12, 1)
    pictures = [np.roll(noise, (3 * i, 5 * i), (0, 1)) for i in range(FRAMES)]

    def call(name):
        path = folder / name
        if not path.exists():
            codec, options = CODED[name]
            make.write_video(path, pictures, codec=codec, options=options)
        return path

    return call


def from_the_beginning(path, monkeypatch):
    with monkeypatch.context() as patch, VideoReader(path) as reader:
        patch.setattr("soundini.media.video_reader.find_entry", lambda info, index: None)
        patch.setattr("soundini.media.video_reader.frame_ticks", lambda info: None)
        return list(reader.frames()), list(reader.times())


@pytest.mark.parametrize("name", CODED)
def test_frames_are_the_same_wherever_decoding_begins(film, name, monkeypatch):
    path = film(name)
    whole, times = from_the_beginning(path, monkeypatch)
    assert len(whole) == len(times) == FRAMES
    with VideoReader(path) as reader:
        assert list(reader.times()) == times
        for start in (24, 25, 47, 48, 49, 60, 71, 72, 73, 89):
            part = list(reader.frames(start, start + 30))
            assert [f.index for f in part] == list(range(start, min(start + 30, FRAMES)))
            for here, there in zip(part, whole[start:], strict=False):
                assert (here.time, here.duration) == (there.time, there.duration)
                assert np.array_equal(here.rgb, there.rgb)
        assert list(reader.frames(FRAMES + 5)) == []


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("closed.mp4", 72),
        ("matroska.mkv", 72),
        ("hevc.mp4", 72),
        ("mpeg4.mp4", 84),
        ("vp9.webm", 72),
    ],
)
def test_decoding_begins_at_the_last_keyframe(film, name, last):
    info = probe_video(film(name))
    assert find_entry(info, 3) is None
    assert find_entry(info, 89).index == last
    assert find_entry(info, last).index == last
    assert find_entry(info, last - 1).index < last
    assert find_entry(info, FRAMES) is None


def test_keyframes_that_others_reach_beyond_are_not_entered(film):
    """Open groups of H.264 begin with a point of recovery, which may be gradual."""
    info = probe_video(film("open.mp4"))
    with av.open(str(info.path)) as container:
        keys = sum(p.is_keyframe for p in container.demux(video=0) if p.size)
    assert keys > 1
    assert find_entry(info, 89) is None


def test_what_packets_do_not_tell_is_decoded(film):
    info = probe_video(film("vp8.webm"))
    assert count_by_packets(info) is None
    assert frame_ticks(info) is None
    assert find_entry(info, 89) is None


def test_a_variable_rate_keeps_its_times(tmp_path, monkeypatch):
    ticks = np.cumsum(np.random.default_rng(0).integers(1, 5, 60)).tolist()
    path = make.write_video(
        tmp_path / "phone.mp4", 60, pts=ticks, time_base=Fraction(1, 90), options=X264
    )
    whole, times = from_the_beginning(path, monkeypatch)
    with VideoReader(path) as reader:
        assert list(reader.times()) == times
        late = list(reader.frames(50))
    assert [(f.time, f.duration) for f in late] == [(f.time, f.duration) for f in whole[50:]]


def test_frames_after_a_keyframe_that_cannot_be_found_are_decoded_all_the_same(film, monkeypatch):
    path = film("closed.mp4")
    entry = find_entry(probe_video(path), 80)
    wrong = type(entry)(entry.pts + 1, entry.index, entry.packets)
    monkeypatch.setattr("soundini.media.video_reader.find_entry", lambda info, index: wrong)
    with VideoReader(path) as reader:
        late = list(reader.frames(80))
    whole, _ = from_the_beginning(path, monkeypatch)
    assert [f.index for f in late] == list(range(80, FRAMES))
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(late, whole[80:], strict=True))


def test_damage_before_the_part_is_no_matter(film, tmp_path):
    source = film("closed.mp4")
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    position, size = max(packets[20:40], key=lambda packet: packet[1])
    data[position + size // 4 : position + size] = bytes(size - size // 4)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    with VideoReader(path) as damaged, VideoReader(source) as reader:
        pairs = zip(damaged.frames(80), reader.frames(80), strict=True)
        assert all(np.array_equal(a.rgb, b.rgb) for a, b in pairs)
