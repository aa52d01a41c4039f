"""What is played on the page of videos that have an odd size."""

import av
import numpy as np
import pytest

import media_factory as make
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader
from soundini.web.form import EditForm

from .conftest import ME, QUICK, wait

LUMA = np.array([0.299, 0.587, 0.114])
"""Colours are halved in the copy; brightness is not."""
SHARES = (0.25, 0.2, 0.4, 0.6)


def read(path):
    with VideoReader(path) as reader:
        return [(frame.time, frame.duration, frame.rgb @ LUMA) for frame in reader.frames()]


def edited(service, media, video, **fields):
    ids = {}
    for kind, path in (("video", video), ("sound", media / "fire.wav")):
        with path.open("rb") as stream:
            ids[kind] = service.add_file(ME, kind, stream, path.name).id
    form = EditForm(**ids, box=SHARES, settings=QUICK, **fields)
    job_id = service.submit(ME, form)
    assert wait(service, ME, job_id).state == "done"
    return job_id, form


@pytest.mark.parametrize("size", [(65, 97), (64, 97), (65, 96)])
def test_odd_sizes_are_kept_and_even_copies_are_shown(service, media, tmp_path, size):
    video = make.write_video(
        tmp_path / "odd.mp4", 6, size=size, audio=make.tone(1.0), pixel_format="yuv444p"
    )
    job_id, form = edited(service, media, video)
    result = service.result(ME, job_id)
    for film, view in ((result.video, result.view), (result.source, result.source_view)):
        kept, shown = probe_video(film), probe_video(view)
        assert (kept.height, kept.width) == size
        assert (shown.height, shown.width) == tuple(side + side % 2 for side in size)
        assert shown.pixel_format == "yuv420p"
        assert shown.has_audio
        assert shown.sample_aspect_ratio == kept.sample_aspect_ratio
        inner = slice(size[0]), slice(size[1])
        pairs = zip(read(film), read(view), strict=True)
        for (*times, kept_luma), (*shown_times, luma) in pairs:
            assert times == shown_times
            assert np.abs(kept_luma - luma[inner]).mean() < 3
            assert np.abs(luma[size[0] - 1] - luma[-1]).mean() < 4
            assert np.abs(luma[:, size[1] - 1] - luma[:, -1]).mean() < 4

    film = service.mask_overlay(ME, form)
    assert probe_video(film).pixel_format == "yuv420p"


def test_even_sizes_are_shown_as_they_are(service, media):
    job_id, _ = edited(service, media, media / "clip.mp4", scope="frame")
    result = service.result(ME, job_id)
    assert (result.view, result.source_view) == (result.video, result.source)
    assert list(result.video.parent.glob("*view*")) == []


def test_a_copy_grows_frame_by_frame(tmp_path, monkeypatch):
    from soundini.web.jobs import viewing

    video = make.write_video(tmp_path / "odd.mp4", 12, size=(65, 97), pixel_format="yuv444p")
    held, most = 0, 0

    class Counted(VideoReader):
        def frames(self, *arguments):
            nonlocal held, most
            for frame in super().frames(*arguments):
                held += 1
                most = max(most, held)
                yield frame

    class Wrote(viewing.VideoWriter):
        def write(self, *arguments):
            nonlocal held
            super().write(*arguments)
            held -= 1

    monkeypatch.setattr(viewing, "VideoReader", Counted)
    monkeypatch.setattr(viewing, "VideoWriter", Wrote)
    viewing.write_view(video)
    assert most == 1
    with av.open(str(viewing.view_of(video))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12
