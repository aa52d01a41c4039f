"""What can be looked at before an edit and of all edits: thumbnails, prices, examples, names."""

import io

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.config.presets import load_preset, override
from soundini.errors import MaskError
from soundini.media.video_reader import VideoReader
from soundini.web.files.strip import strip
from soundini.web.jobs.pace import Pace
from soundini.web.refusals import MissingError
from soundini.web.views import OverlayProgress

from .conftest import ME, QUICK, YOU, running, wait

KNOWN = {"fire", "rain", "sea", "snow_wind", "thunderstorm", "underwater"}


def test_a_strip_shows_the_video_from_left_to_right(service, form_for, media):
    video = form_for(service).video
    picture = service.strip(ME, video, 4, 32)
    assert picture.shape == (32, 4 * 48, 3)
    with VideoReader(media / "clip.mp4") as reader:
        frames = [frame.rgb for frame in reader.frames()]
    for place in range(4):
        shown = picture[:, 48 * place : 48 * (place + 1)].astype(int)
        wanted = np.asarray(Image.fromarray(frames[3 + 6 * place]).resize((48, 32))).astype(int)
        assert np.abs(shown - wanted).mean() < 12


def test_a_strip_of_a_long_video_is_sought(tmp_path, service):
    path = make.write_video(tmp_path / "long.mp4", 40, fps=2)
    with path.open("rb") as stream:
        facts = service.video_facts(ME, service.add_file(ME, "video", stream, "long.mp4").id)
    assert strip(path, facts, 5, 16).shape[0] == 16


def test_a_frame_is_shown_small(service, form_for):
    assert service.small_frame(ME, form_for(service).video, 3, 48).shape == (32, 48, 3)


def test_a_price_is_told_once_something_was_measured(service, form_for):
    form = form_for(service, start="0.5s")
    wait(service, ME, service.submit(ME, form_for(service)))
    price = service.price(ME, form)
    assert price.frames == 12
    assert price.part_seconds == pytest.approx(0.5)
    assert price.seconds is not None
    assert 0 < price.seconds < service.price(ME, form_for(service)).seconds
    assert service.price(ME, form.model_copy(update={"sound": ""})) == price


def test_what_was_measured_tells_best_and_scales_to_others():
    pace, recipe = Pace(), load_preset("fast")
    assert pace.seconds(recipe, 24) is None
    pace.learn(recipe, 4, 100.0)  # too few frames to go by
    assert pace.seconds(recipe, 24) is None
    pace.learn(recipe, 24, 48.0)
    assert pace.seconds(recipe, 12) == pytest.approx(24.0)
    assert pace.seconds(override(recipe, ["seed=7", "guidance.strength=0.5"]), 12) == 24.0
    twice = override(recipe, [f"sampling.steps={2 * recipe.sampling.steps}"])
    assert pace.seconds(twice, 12) == pytest.approx(48.0)


def test_examples_are_brought_once_and_are_edited(service_in, visitor):
    service = service_in()
    assert set(service.examples()) == KNOWN
    for name in service.examples():
        form = service.try_example(ME, name)
        assert form == service.try_example(ME, name)
        assert form.heard_as == name
        assert form.has_mask
        assert 0.5 < service.hear(ME, form.model_copy(update={"heard_as": ""})).seconds < 3
    with pytest.raises(MissingError):
        service.try_example(ME, "../fire")
    form = service.try_example(YOU, "fire").model_copy(
        update={"settings": QUICK, "scope": "frame", "heard_as": ""}
    )
    assert wait(service, YOU, service.submit(YOU, form)).state == "done"


def test_a_job_is_renamed_and_its_files_are_named_after_it(live, visitor, media):
    client = visitor(live)
    ids = {
        kind: client.post(
            "/api/v1/files",
            params={"kind": kind, "label": label},
            content=(media / name).read_bytes(),
        ).json()["id"]
        for kind, name, label in (
            ("video", "clip.mp4", "my sea.mp4"),
            ("sound", "fire.wav", "fire.wav"),
        )
    }
    asked = {**ids, "whole_frame": True, "settings": QUICK, "scope": "eight"}
    job_id = client.post("/api/v1/jobs", json=asked).json()["id"]
    client.get(f"/api/v1/jobs/{job_id}/events")
    job = client.get(f"/api/v1/jobs/{job_id}").json()
    assert job["form"]["settings"] == list(QUICK)
    video = client.get(f"/api/v1/jobs/{job_id}/video", params={"download": True})
    assert video.headers["content-disposition"] == 'attachment; filename="my-sea-fire.mp4"'
    picture = client.get(f"/api/v1/jobs/{job_id}/thumbnail.jpg", params={"height": 40})
    with Image.open(io.BytesIO(picture.content)) as image:
        assert image.size == (60, 40)

    told = client.patch(f"/api/v1/jobs/{job_id}", json={"label": "../불 <b>"}).json()
    assert told["label"] == "불 <b>"
    recipe = client.get(f"/api/v1/jobs/{job_id}/recipe").headers["content-disposition"]
    assert recipe == "attachment; filename*=utf-8''%EB%B6%88-b.recipe.json"
    assert client.patch(f"/api/v1/jobs/{job_id}", json={"label": ""}).status_code == 422
    assert visitor(live).patch(f"/api/v1/jobs/{job_id}", json={"label": "x"}).status_code == 404


def test_a_running_job_tells_where_its_preview_lies(service, form_for):
    steps = ("sampling.steps=200", "region.size=32", "window.frames=4", "window.overlap=1")
    job_id = service.submit(ME, form_for(service, settings=steps))
    job = running(service, ME, job_id)
    assert job.preview_frame is not None
    assert 0 <= job.preview_frame < 24
    left, top, width, height = job.preview_box
    assert 0 <= left <= 0.25
    assert 0 <= top <= 0.2
    assert 0.65 <= left + width <= 1
    assert 0.8 <= top + height <= 1.001
    service.cancel(ME, job_id)
    rested = wait(service, ME, job_id)
    assert (rested.preview_frame, rested.preview_box) == (None, None)


@pytest.mark.parametrize("shape", [{"box": [0.1, 0.1, 0, 0.4]}, {"ellipse": [0.5, 0.5, 0.2, -0.1]}])
def test_a_shape_without_an_area_is_refused(live, visitor, shape):
    answer = visitor(live).post("/api/v1/jobs", json=shape)
    assert answer.status_code == 422
    assert "without an area" in answer.json()["detail"]


def test_the_whole_frame_and_a_shape_at_once_are_refused(live, visitor):
    asked = {"whole_frame": True, "box": [0.1, 0.1, 0.4, 0.4]}
    answer = visitor(live).post("/api/v1/jobs", json=asked)
    assert answer.status_code == 422
    assert "leave one of them out" in answer.json()["detail"]


def test_an_overlay_tells_how_far_it_is_and_is_stopped(service, form_for, monkeypatch):
    form, seen = form_for(service, start="4"), []
    go_on = service._go_on

    def watched(key):
        go_on(key)
        seen.append(service.overlay_progress(ME))
        assert service.drawn(ME, seen[-1].last).startswith(b"\xff\xd8")
        for owner, index in ((ME, 3), (ME, seen[-1].last + 1), (YOU, 4)):
            assert service.drawn(owner, index) is None
        assert service.overlay_progress(YOU) == OverlayProgress()
        if len(seen) == 5:
            service.stop_overlay(ME)

    monkeypatch.setattr(service, "_go_on", watched)
    with pytest.raises(MaskError, match="was stopped"):
        service.mask_overlay(ME, form)
    assert [told.share for told in seen] == pytest.approx([n / 20 for n in range(1, 6)])
    assert [(told.first, told.last) for told in seen] == [(4, 4 + n) for n in range(5)]
    assert service.overlay_progress(ME) == OverlayProgress()
    assert service.drawn(ME, 4) is None
    assert not list(service.folder.rglob("overlays/*.mp4"))
    monkeypatch.undo()
    assert service.mask_overlay(ME, form).is_file()
