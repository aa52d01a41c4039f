from contextlib import closing
from pathlib import Path

import pytest

import media_factory as make
from soundini.config.presets import load_preset, override
from soundini.editing.files import preparing_edit
from soundini.editing.request import EditRequest, MaskRequest
from soundini.events import MaskMade
from soundini.generators import finish, map_events


@pytest.fixture
def request_of(tmp_path):
    make.write_video(tmp_path / "clip.mp4", 12)
    make.write_sound(tmp_path / "fire.wav", make.tone(1.0))

    def call(**fields):
        return EditRequest(
            video=tmp_path / "clip.mp4",
            sound=str(tmp_path / "fire.wav"),
            output=tmp_path / "out.mp4",
            mask=MaskRequest(box="0.2,0.2,0.4,0.4"),
            recipe=override(load_preset("fast"), ["region.track=true"]),
            models="debug",
            **fields,
        )

    return call


def open_files():
    """How many; 0 where the system does not say."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.parametrize(
    ("part", "frames"),
    [({}, 12), ({"start": "5"}, 7), ({"start": "2", "end": "6"}, 4), ({"end": "99"}, 12)],
)
def test_every_mask_is_told_of_and_the_last_makes_all(request_of, part, frames):
    told = []
    with closing(finish(preparing_edit(request_of(**part)), told.append)) as edit:
        assert edit.frame_count == len(edit.masks) == frames
    assert told == [MaskMade(i + 1, frames) for i in range(frames)]


def test_who_stops_listening_leaves_nothing_open(request_of, tmp_path):
    with closing(preparing_edit(request_of())) as work:  # what is opened once stays open
        next(work)
    before = open_files()
    work = preparing_edit(request_of())
    for _ in range(3):
        next(work)
    work.close()
    assert open_files() == before
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "fire.wav"}


def counting(closed):
    try:
        yield 1
        yield 2
        return "three"
    finally:
        closed.append(True)


def test_a_result_comes_through_and_the_work_is_closed():
    told, closed = [], []
    assert finish(counting(closed), told.append) == finish(counting(closed)) == "three"
    assert finish(map_events(counting(closed), str), told.append) == "three"
    assert told == [1, 2, "1", "2"]
    assert closed == [True] * 3
    with pytest.raises(ZeroDivisionError):
        finish(counting(closed), lambda _: 1 / 0)
    assert len(closed) == 4
    work = map_events(counting(closed), str)
    next(work)
    work.close()
    assert len(closed) == 5
