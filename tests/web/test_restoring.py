"""Recipes that were made on the command line, brought to the page."""

import hashlib
import json

import numpy as np
import pytest

import media_factory as make
from soundini.config.presets import load_preset, override
from soundini.editing.carried_masks import with_masks
from soundini.editing.masking import make_masks
from soundini.editing.request import EditRequest, MaskRequest, write_sidecar
from soundini.errors import ConfigError, MaskError
from soundini.media.video_reader import VideoReader
from soundini.web.files.recipe_box import film_with, recipe_box
from soundini.web.forms.asking import FormFiles, ask, files_of
from soundini.web.limits import Limits

from .conftest import ME, YOU, frames_of, wait


@pytest.fixture
def recipe_of(media, tmp_path):
    """Writes the recipe of an edit of the clip, as the command line does."""

    def write(*settings, video="clip.mp4", mask=None, **fields):
        request = EditRequest(
            video=media / video,
            sound=str(media / "fire.wav"),
            output=tmp_path / "out.mp4",
            mask=MaskRequest.model_validate(mask or {"box": "0.2,0.2,0.5,0.5"}),
            recipe=override(load_preset("fast"), settings),
            **{"models": "debug", **fields},
        )
        hashes = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in request.inputs}
        return request, write_sidecar(request, hashes, {})

    return write


def put(service, owner, kind, path):
    with path.open("rb") as stream:
        return service.add_file(owner, kind, stream, path.name).id


def masks_of(request):
    with VideoReader(request.video) as reader:
        frames = (frame.rgb for frame in reader.frames(int(request.start or 0)))
        first = int(request.start or 0)
        made = make_masks(request.mask, request.recipe.region, reader.info, frames, first)
        return np.stack([np.rint(mask * 255) for mask in made])


@pytest.mark.parametrize(
    ("mask", "becomes"),
    [
        ({"box": "24,16,48,32"}, "box"),
        ({"box": "31,7,29,41"}, "box"),  # no share of 96 or 64 is written in few digits
        ({"box": "60,-5,500,40"}, "box"),  # what lies outside the frame is not edited
        ({"ellipse": "40,30,17,11"}, "ellipse"),
        ({"ellipse": "0.5,0.5,0.2,0.3"}, "ellipse"),
        ({"ellipse": "90,60,110,30"}, "masks"),
        ({"polygon": "10,10,80,14,50,60"}, "masks"),
        ({"polygon": "0.1,0.1,0.9,0.2,0.5,0.9"}, "masks"),
        ({"polygon": "-9,-9,200,-9,200,200,-9,200"}, "whole_frame"),
    ],
)
def test_shapes_come_back_as_the_same_mask(service, recipe_of, media, tmp_path, mask, becomes):
    request, recipe = recipe_of("region.track=true", mask=mask, start="8")
    put(service, ME, "video", media / "clip.mp4")
    put(service, ME, "sound", media / "fire.wav")
    found = service.restored(ME, put(service, ME, "recipe", recipe))
    assert found.left_out == ()
    files = {i: service.file(ME, i).path for i in files_of(found.form)}
    asked = ask(found.form, FormFiles(files, tmp_path, (64, 96), 24, "debug"), Limits()).request
    assert asked.recipe == request.recipe
    assert (asked.start, asked.end) == (request.start, request.end)
    np.testing.assert_array_equal(masks_of(asked), masks_of(request))
    assert getattr(found.form, becomes)


def test_what_is_painted_is_kept_once(service, recipe_of, media):
    _, recipe = recipe_of(mask={"polygon": "10,10,80,14,50,60"})
    put(service, ME, "video", media / "clip.mp4")
    dropped = put(service, ME, "recipe", recipe)
    assert service.restored(ME, dropped) == service.restored(ME, dropped)


def test_shapes_are_drawn_on_what_is_painted(service, form_for, media, tmp_path):
    masks = [{"frame": 3, "file": put(service, ME, "mask", media / "disc.png")}]
    form = form_for(service, box=(0, 0, 0.25, 0.5), masks=masks)
    files = {i: service.file(ME, i).path for i in files_of(form)}
    at = FormFiles(files, tmp_path, (64, 96), 24, "debug")
    drawn = masks_of(ask(form, at, Limits()).request)[0]
    assert drawn[10, 10] == drawn[32, 48] == 255 > drawn[10, 80]


def test_what_is_not_here_is_told(service, recipe_of, media, tmp_path):
    make.write_image(tmp_path / "second.png", np.roll(make.disc_mask(), 5, 1))
    drawn = {"paths": (f"0={media / 'disc.png'}", f"9={tmp_path / 'second.png'}")}
    _, recipe = recipe_of("region.dilate=600", "compute.chunk=4", mask=drawn)
    told = service.restored(YOU, put(service, YOU, "recipe", recipe))
    settings = ("compute.chunk", "region.dilate")
    assert told.left_out == ("video", "sound", "mask", *settings)
    assert (told.form.video, told.form.sound, told.form.masks) == ("", "", ())
    assert told.form.dilate == 512

    put(service, ME, "video", media / "clip.mp4")
    put(service, ME, "sound", media / "fire.wav")
    disc = put(service, ME, "mask", media / "disc.png")
    told = service.restored(ME, put(service, ME, "recipe", recipe))
    assert told.left_out == ("mask", *settings)  # one of the two
    assert [(mask.frame, mask.file) for mask in told.form.masks] == [(0, disc)]


def test_shapes_in_pixels_need_the_video_and_shares_do_not(service, recipe_of):
    for mask, left in ({"box": "4,4,9,9"}, True), ({"box": "0.1,0.1,0.5,0.5"}, False):
        _, recipe = recipe_of(mask=mask)
        told = service.restored(ME, put(service, ME, "recipe", recipe))
        assert ("mask" in told.left_out) is left
        assert (told.form.box is None) is left


def test_what_was_said_of_the_sound_comes_back(service, recipe_of):
    _, path = recipe_of("sound.heard_as=0s:two,1s:one", "sound.gain=0.5")
    form = service.restored(ME, put(service, ME, "recipe", path)).form
    assert form.heard_as == "0s:two,1s:one"
    assert form.settings == ("sound.gain=0.5",)


def test_settings_alone_leave_nothing_out(service, tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"guidance": {"lambda_flow": 12}}))
    told = service.restored(ME, put(service, ME, "recipe", tmp_path / "r.json"))
    assert told.left_out == ()
    assert "guidance.lambda_flow=12.0" in told.form.settings


def test_other_models_are_told(service, recipe_of):
    _, recipe = recipe_of(models="embedded")
    assert "models" in service.restored(ME, put(service, ME, "recipe", recipe)).left_out


def test_a_shape_that_is_none_is_told_in_a_line(service, recipe_of, media):
    _, recipe = recipe_of(mask={"polygon": "900,900,901,901,900,905"})
    put(service, ME, "video", media / "clip.mp4")
    with pytest.raises(MaskError, match="lies outside the 96x64 frame"):
        service.restored(ME, put(service, ME, "recipe", recipe))


def test_a_recipe_carries_its_masks_to_another_session(service, form_for, media, tmp_path):
    """Painted keyframes, and one of them joined with a box, come back as the same pictures."""
    masks = [{"frame": 0, "file": put(service, ME, "mask", media / "disc.png")}]
    for more in ({"box": None}, {"box": (0, 0, 0.25, 0.5)}):
        job_id = service.submit(ME, form_for(service, masks=masks, **more))
        assert wait(service, ME, job_id).state == "done"
        recipe = tmp_path / "r.json"
        recipe.write_text(with_masks(service.result(ME, job_id).recipe))
        put(service, YOU, "video", media / "clip.mp4")
        put(service, YOU, "sound", media / "fire.wav")
        told = service.restored(YOU, put(service, YOU, "recipe", recipe))
        assert told.left_out == ()
        forms = {ME: service.form(ME, job_id), YOU: told.form}
        drawn = []
        for owner, form in forms.items():
            files = {i: service.file(owner, i).path for i in files_of(form)}
            at = FormFiles(files, tmp_path, (64, 96), 24, "debug")
            drawn.append(masks_of(ask(form, at, Limits()).request))
        np.testing.assert_array_equal(*drawn)


def test_carried_masks_that_were_changed_are_left_out(service, form_for, media, tmp_path):
    masks = [{"frame": 0, "file": put(service, ME, "mask", media / "disc.png")}]
    job_id = service.submit(ME, form_for(service, box=None, masks=masks))
    assert wait(service, ME, job_id).state == "done"
    content = json.loads(with_masks(service.result(ME, job_id).recipe))
    (name,) = content["carried_masks"]
    for wrong in ("AAAA", "not base64", 7, None):
        content["carried_masks"][name] = wrong
        (tmp_path / "r.json").write_text(json.dumps(content))
        told = service.restored(YOU, put(service, YOU, "recipe", tmp_path / "r.json"))
        assert "mask" in told.left_out


def saved(service, job_id, path):
    """An edit as a browser saves it."""
    result = service.result(ME, job_id)
    path.write_bytes(b"".join(film_with(result.video, recipe_box(with_masks(result.recipe)))))
    return path


def test_a_saved_film_carries_recipe_and_masks(service, form_for, media, tmp_path):
    masks = [{"frame": 0, "file": put(service, ME, "mask", media / "disc.png")}]
    job_id = service.submit(ME, form_for(service, box=None, masks=masks))
    assert wait(service, ME, job_id).state == "done"
    film = saved(service, job_id, tmp_path / "sea-fire.mp4")
    np.testing.assert_array_equal(frames_of(film), frames_of(service.result(ME, job_id).video))
    mine = put(service, ME, "video", film)
    assert service.video_facts(ME, mine).has_recipe
    assert service.restored(ME, mine).form == service.form(ME, job_id)

    put(service, YOU, "video", media / "clip.mp4")
    put(service, YOU, "sound", media / "fire.wav")
    for kind in ("video", "recipe"):
        told = service.restored(YOU, put(service, YOU, kind, film))
        assert told.left_out == ()
        (mask,) = told.form.masks
        assert service.file(YOU, mask.file).path.read_bytes() == (media / "disc.png").read_bytes()
    assert not service.video_facts(YOU, told.form.video).has_recipe


def test_a_film_whose_recipe_is_damaged_is_a_film(service, form_for, tmp_path):
    job_id = service.submit(ME, form_for(service))
    assert wait(service, ME, job_id).state == "done"
    whole = saved(service, job_id, tmp_path / "whole.mp4").read_bytes()
    for cut in (1, 30, 200):
        film = tmp_path / f"cut{cut}.mp4"
        film.write_bytes(whole[:-cut])
        assert not service.video_facts(YOU, put(service, YOU, "video", film)).has_recipe


def test_a_recipe_that_is_none_is_told_in_a_line(service, media, tmp_path):
    film = tmp_path / "odd.mp4"
    for content in ("[]", "{", '{"request": 3}', "[" * 50_000):
        film.write_bytes((media / "clip.mp4").read_bytes() + recipe_box(content))
        with pytest.raises(ConfigError, match=r"^[^\n]*odd\.mp4"):
            service.restored(ME, put(service, ME, "video", film))
