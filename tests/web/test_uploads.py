import io
import os
import time

import numpy as np
import pytest

import media_factory as make
from soundini.errors import ConfigError, MediaError
from soundini.web.files.uploads import clean_label
from soundini.web.limits import MIB
from soundini.web.refusals import MissingError, TooLargeError

from .conftest import ME, YOU, wait


def add(service, path, kind, label=None, owner=ME):
    with path.open("rb") as stream:
        return service.add_file(owner, kind, stream, label or path.name)


def files_in(folder):
    return [p for p in folder.rglob("*") if p.is_file() and p.name not in ("lock", "secret")]


HOSTILE = [
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "a\x00b.mp4",
    "<img src=x onerror=alert(1)>.mp4",
    "‮4pm.exe",
    "x" * 5000,
    "con.mp4\n\rSet-Cookie: a=b",
    "",
    ".",
    "🔥 fire (1).mp4",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_and_never_a_path(service, media, name):
    stored = add(service, media / "clip.mp4", "video", name)
    assert stored.path.is_relative_to(service.folder)
    assert stored.path.name == "video.upload"
    assert stored.label.isprintable()
    assert 0 < len(stored.label) <= 120
    assert "/" not in stored.label
    assert "\\" not in stored.label
    assert service.file(ME, stored.id) == stored


def test_a_label_keeps_what_is_harmless():
    assert clean_label("C:\\clips\\🔥 fire (1).mp4") == "🔥 fire (1).mp4"
    assert clean_label("a\tb\n c.mp4") == "ab c.mp4"


@pytest.mark.parametrize("kind", ["video", "sound", "mask", "recipe"])
def test_what_is_too_large_is_not_read_to_its_end_and_leaves_nothing(service_in, kind):
    service = service_in(video_mib=2, sound_mib=2, picture_mib=2, recipe_mib=2)

    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            self.taken += size
            return b"\x00" * size

    stream = Endless()
    with pytest.raises(TooLargeError, match=f"more|larger than 2 MiB, the most that a {kind} may"):
        service.add_file(ME, kind, stream, "big.bin")
    assert stream.taken <= 4 * MIB
    assert files_in(service.folder) == []


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("fire.wav", "video", "holds sound but no video"),
        ("disc.png", "video", "still image"),
        ("disc.png", "sound", "holds no sound"),
        ("clip.mp4", "mask", "cannot read the mask image"),
        ("fire.wav", "mask", "cannot read the mask image"),
        ("fire.wav", "recipe", "is no recipe"),
    ],
)
def test_a_wrong_kind_is_told_by_the_visitors_name_and_leaves_nothing(
    service, media, name, kind, words
):
    with pytest.raises(MediaError) as caught:
        add(service, media / name, kind, "holiday.xyz")
    assert words in str(caught.value)
    assert "holiday.xyz" in str(caught.value)
    assert str(service.folder) not in str(caught.value)
    assert "upload" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files_in(service.folder) == []


def test_pages_and_programs_are_no_media(service):
    for data in (
        b"<html><script>alert(1)</script>",
        b"\x7fELF" + bytes(500),
        b"#EXTM3U\nhttp://a/b",
    ):
        for kind in ("video", "sound", "mask", "recipe"):
            with pytest.raises(MediaError):
                service.add_file(ME, kind, io.BytesIO(data), "page.html")
    assert files_in(service.folder) == []


def test_too_many_pixels_and_seconds(service_in, media, tmp_path):
    service = service_in(side=64, video_seconds=0.5, sound_seconds=0.5)
    with pytest.raises(MediaError, match="96x64 pixels"):
        add(service, media / "clip.mp4", "video")
    with pytest.raises(MediaError, match="96x64 pixels"):
        add(service, media / "disc.png", "mask")
    with pytest.raises(MediaError, match=r"longer than 0\.5 s, the most that a sound"):
        add(service, media / "fire.wav", "sound")
    small = make.write_video(tmp_path / "small.mp4", 24, size=(32, 64))
    with pytest.raises(MediaError, match=r"longer than 0\.5 s, the most that a video"):
        add(service, small, "video")
    assert files_in(service.folder) == []


def test_a_silent_sound_and_an_empty_mask_are_refused_at_once(service, tmp_path):
    silent = make.write_sound(tmp_path / "silent.wav", np.zeros((1, 4800), np.float32))
    empty = make.write_image(tmp_path / "empty.png", np.zeros((64, 96), np.float32))
    with pytest.raises(MediaError, match=r"silent\.wav: is silent"):
        add(service, silent, "sound")
    with pytest.raises(MediaError, match=r"empty\.png: nothing in this mask is painted"):
        add(service, empty, "mask")


def test_room_and_number_are_limited_by_visitor(service_in, media):
    service = service_in(files=2)
    for _ in range(2):
        add(service, media / "disc.png", "mask")
    with pytest.raises(TooLargeError, match="2 files here"):
        add(service, media / "disc.png", "mask")
    add(service, media / "disc.png", "mask", owner=YOU)
    full = service_in("full", storage_mib=0.001)
    with pytest.raises(TooLargeError, match="no room"):
        add(full, media / "clip.mp4", "video")


def test_room_is_made_of_what_nothing_needs_and_nobody_used_for_long(service_in, form_for, media):
    service = service_in(files=5, waiting=1)
    needed = form_for(service)
    job = service.submit(ME, needed)
    old, older, fresh = (add(service, media / "disc.png", "mask") for _ in range(3))
    for file, hours in ((old, 2), (older, 3), (service.file(ME, needed.sound), 9)):
        moment = time.time() - 3600 * hours
        os.utime(file.path.parent / "about.json", (moment, moment))
    added = add(service, media / "disc.png", "mask")
    with pytest.raises(MissingError):
        service.file(ME, older.id)
    add(service, media / "disc.png", "mask")  # in place of the other old one
    with pytest.raises(MissingError):
        service.file(ME, old.id)
    for kept in (fresh.id, added.id, needed.sound, needed.video):
        assert service.file(ME, kept).path.exists()
    with pytest.raises(TooLargeError, match="5 files here"):
        add(service, media / "disc.png", "mask")
    assert wait(service, ME, job).state == "done"


def test_a_stream_that_breaks_off_leaves_nothing(service):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        service.add_file(ME, "video", Broken(), "x.mp4")
    assert files_in(service.folder) == []


def test_what_a_killed_server_had_half_taken_is_cleared_away(service_in, tmp_path):
    half = tmp_path / "web" / "incoming" / "0"
    half.mkdir(parents=True)
    (half / "video.upload").write_bytes(b"half")
    service = service_in()
    assert files_in(service.folder) == []


@pytest.mark.parametrize("name", ["../secret", "..", "", "a/b", "A" * 32, "0" * 32, "0" * 31])
def test_ids_that_are_none(service, name):
    for ask in (service.file, service.video_facts, service.restored, service.delete_file):
        with pytest.raises(MissingError, match="there is no such file"):
            ask(ME, name)
    for ask in (service.job, service.result, service.cancel, service.resume, service.delete):
        with pytest.raises(MissingError, match="there is no such job"):
            ask(ME, name)
    with pytest.raises(MissingError):
        service.overlay(ME, name)


def test_somebody_elses_file_is_none(service, media, form_for):
    mine = add(service, media / "clip.mp4", "video")
    with pytest.raises(MissingError, match="there is no such file"):
        service.file(YOU, mine.id)
    theirs = form_for(service, YOU)
    with pytest.raises(MissingError, match="there is no such file"):
        service.submit(YOU, theirs.model_copy(update={"video": mine.id}))
    assert service.jobs(YOU) == []


def test_frames_are_those_of_the_video(service, media):
    stored = add(service, media / "clip.mp4", "video")
    facts = service.video_facts(ME, stored.id)
    assert (facts.width, facts.height, facts.frames, facts.has_sound) == (96, 64, 24, True)
    assert make.psnr(service.frame(ME, stored.id, 7), make.moving_frames(24)[7]) > 25
    for index in (-1, 24):
        with pytest.raises(ConfigError, match=f"no frame {index}"):
            service.frame(ME, stored.id, index)


@pytest.mark.skipif(os.name != "posix", reason="POSIX rights")
def test_the_folder_is_the_users_alone(service):
    assert service.folder.stat().st_mode & 0o077 == 0
