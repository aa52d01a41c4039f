import json

import numpy as np
import pytest

import media_factory as make
from soundini.errors import ConfigError, MaskError, MediaError, SoundiniError
from soundini.web.form import EditForm, PaintedMask
from soundini.web.forms.asking import FormFiles, ask
from soundini.web.limits import Limits
from soundini.web.refusals import MissingError, field_of

from .conftest import ME, YOU, frames_of, painted, wait


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"video": ""}, "choose a video first"),
        ({"sound": ""}, "choose a sound first"),
        ({"box": None}, "say what to edit"),
        ({"preset": "nosuch"}, "there is no preset 'nosuch'"),
        ({"settings": ("nosuch=1",)}, "unknown setting nosuch"),
        ({"settings": ("compute.device=cuda",)}, "the server's to choose"),
        ({"settings": (' compute ={"device":"cpu"}',)}, "the server's to choose"),
        ({"settings": ("region.size=2048",)}, "region.size: 2048 is more than the 512"),
        ({"settings": ('region={"size":2048}',)}, "region.size: 2048 is more than the 512"),
        ({"settings": ("sampling.steps=1000", "sampling.repeats=10")}, "steps: 10000"),
        ({"settings": ("sampling.steps=NaN",)}, "sampling.steps"),
        ({"heard_as": "rian"}, "there is no sound 'rian'; the models know one, two"),
        ({"heard_as": "rain=0"}, "sound.heard_as"),
        ({"start": "24"}, "no frame at 24"),
        ({"start": "1.0s"}, "no frame at 1.0s"),
        ({"start": "9", "end": "9"}, "from 9 to 9 is empty"),
        ({"start": "0.9s", "end": "0.2s"}, "from 0.9s to 0.2s is empty"),
        ({"start": "9", "end": "0s"}, "from 9 to 0s is empty"),
        ({"box": (-0.9, 0.1, 0.2, 0.2)}, "lies outside the 96x64 frame"),
    ],
)
def test_forms_that_are_refused_at_once(service, form_for, fields, words):
    form = form_for(service)
    with pytest.raises(SoundiniError) as caught:
        service.submit(ME, form.model_copy(update=fields))
    assert words in str(caught.value)
    assert service.jobs(ME) == []


def test_what_a_visitor_says_the_sound_is_reaches_the_edit(service, form_for):
    assert service.sound_classes == ("one", "two")
    form = form_for(service, heard_as="0s:two,0.5s:one")
    job_id = service.submit(ME, form)
    done = wait(service, ME, job_id)
    assert done.state == "done"
    recipe = json.loads(service.result(ME, job_id).recipe.read_text())
    assert recipe["sound"]["heard_as"] == "0s:two,0.5s:one"


def test_a_videos_own_sound_stays_with_its_pictures(service, form_for, tmp_path):
    """In what is heard along a part, and in a preview of one frame of it."""
    path = make.write_video(
        tmp_path / "own.mp4", 48, audio=make.clicks(2.0, (0.25, 1.5)), options={"g": "12"}
    )
    with path.open("rb") as file:
        video = service.add_file(ME, "video", file, "own.mp4")
    fields = {"video": video.id, "sound": "self", "start": "1s", "end": "48"}
    form = form_for(service).model_copy(update=fields)
    heard = service.hear(ME, form)
    loudest = heard.peaks.index(max(heard.peaks)) / len(heard.peaks)
    assert loudest * heard.seconds == pytest.approx(0.5, abs=0.05)
    for own in (True, False):
        chosen = {"sound": "self" if own else form_for(service).sound}
        few = form.model_copy(update={"scope": "frame", "at": 40, "start": "10", **chosen})
        files = {i: service.file(ME, i).path for i in (few.video, few.sound) if i != "self"}
        at = FormFiles(files, tmp_path, (64, 96), 48, "debug")
        request = ask(few, at, Limits()).request
        begun = int(request.start or 0)
        wanted = 0.0 if own else -(begun - 10) / 24
        assert begun > 10
        assert request.recipe.sound.offset == pytest.approx(wanted, abs=0.01)


def test_a_mask_of_another_size_is_refused_at_once(service, form_for, tmp_path):
    path = make.write_image(tmp_path / "small.png", make.disc_mask((32, 48)))
    form = form_for(service, box=None, masks=(painted(service, path, 0),))
    with pytest.raises(MaskError, match=r"small\.png is 48x32, the video 96x64"):
        service.submit(ME, form)
    with pytest.raises(MaskError, match="48x32"):
        service.mask_overlay(ME, form)


def test_two_masks_on_one_frame():
    masks = [PaintedMask(frame=1, file=c * 32) for c in "ab"]
    with pytest.raises(ValueError, match="two masks are painted on one frame"):
        EditForm(masks=tuple(masks))


def test_the_overlay_shows_the_mask_where_the_edit_will_be(service, form_for, media, tmp_path):
    moved = make.write_image(tmp_path / "moved.png", np.roll(make.disc_mask(), 20, 1))
    masks = (painted(service, media / "disc.png", 0), painted(service, moved, 23))
    form = form_for(service, box=None, masks=masks)
    path = service.mask_overlay(ME, form.model_copy(update={"sound": ""}))
    drawn, source = frames_of(path), np.stack(make.moving_frames(24))
    assert len(drawn) == 24
    for index, column in ((0, 48), (23, 68)):  # inside is tinted, outside is dimmed to 0.55
        spot = slice(27, 37), slice(column - 4, column + 4)
        assert drawn[index][spot].mean() > 0.65 * source[index][spot].mean()
        far = drawn[index][:, :24].mean() / source[index][:, :24].mean()
        assert far == pytest.approx(0.55, abs=0.03)
    assert service.mask_overlay(ME, form) == path
    assert service.overlay(ME, path.stem) == path
    with pytest.raises(MissingError):
        service.overlay(YOU, path.stem)


def test_what_is_heard_follows_the_sound(service, form_for):
    form = form_for(service, box=None)
    heard = service.hear(ME, form)
    assert heard.seconds == pytest.approx(1.0)
    assert len(heard.times) == len(heard.envelope)
    assert heard.envelope[0] < 0.6 < 0.9 < heard.envelope[-1]
    assert np.mean(heard.peaks[:100]) < 0.5 * np.mean(heard.peaks[-100:])
    assert heard.classes
    for moment, shares in heard.classes:
        assert 0 < moment < 1
        assert sum(shares.values()) == pytest.approx(1, abs=0.01)
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
    half = service.hear(ME, form.model_copy(update={"start": "12"}))
    assert half.seconds == pytest.approx(0.5)
    own = service.hear(ME, form.model_copy(update={"sound": "self"}))
    assert max(own.peaks) == pytest.approx(1, abs=0.05)


def test_recipes_and_videos_made_here_give_their_form_back(service, form_for, media):
    masks = (painted(service, media / "disc.png", 3),)
    form = form_for(service, box=None, masks=masks, seed=7, strength=1.5, preset="quality", end="4")
    job_id = service.submit(ME, form)
    assert wait(service, ME, job_id).state == "done"
    result = service.result(ME, job_id)

    def dropped(path, owner):
        with path.open("rb") as stream:
            file = service.add_file(owner, "recipe", stream, path.name)
        return service.restored(owner, file.id).form

    assert dropped(result.recipe, ME) == form
    assert dropped(result.video, ME) == form
    with pytest.raises(ConfigError, match=r"edit\.mp4 was not made here"):
        dropped(result.video, YOU)
    empty = dropped(result.recipe, YOU)
    assert (empty.video, empty.sound, empty.masks) == ("", "", ())
    theirs = form_for(service, YOU)
    found = dropped(result.recipe, YOU)
    assert (found.video, found.sound) == (theirs.video, theirs.sound)
    assert (found.seed, found.preset, found.end) == (7, "quality", "4")
    files = {i: service.file(YOU, i).path for i in (found.video, found.sound)}
    found = found.model_copy(update={"box": (0, 0, 0.5, 0.5)})
    at = FormFiles(files, service.folder, (64, 96), 24, "debug")
    recipe = ask(found, at, Limits()).request.recipe
    assert (
        recipe.model_dump(mode="json") == json.loads(result.recipe.read_text())["request"]["recipe"]
    )


def test_what_is_no_recipe(service, tmp_path):
    for text in ('{"a": 1}', '{"request": 3}', "{" * 9):
        (tmp_path / "r.json").write_text(text)
        with (
            pytest.raises((ConfigError, MediaError)) as caught,
            (tmp_path / "r.json").open("rb") as f,
        ):
            service.restored(ME, service.add_file(ME, "recipe", f, "r.json").id)
        assert str(service.folder) not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"video": ""}, "video"),
        ({"video": "0" * 32}, "video"),
        ({"sound": ""}, "sound"),
        ({"sound": "0" * 32}, "sound"),
        ({"box": None}, "masks"),
        ({"box": None, "masks": ({"frame": 0, "file": "0" * 32},)}, "masks"),
        ({"settings": ("sampling.steps=none",)}, "settings"),
        ({"settings": ("compute.chunk=2",)}, "settings"),
        ({"preset": "slow"}, "settings"),
        ({"start": "30"}, "start"),
        ({"start": "2", "end": "1"}, "start"),
        ({"heard_as": "nonsense"}, "heard_as"),
    ],
)
def test_an_error_says_which_field_it_is_about(service, form_for, change, field):
    form = EditForm.model_validate({**form_for(service).model_dump(), **change})
    with pytest.raises(SoundiniError) as refused:
        service.submit(ME, form)
    assert field_of(refused.value) == field


def test_a_job_that_fails_says_which_field_it_is_about(service, form_for, media, tmp_path):
    outside = make.write_image(tmp_path / "m.png", np.roll(make.disc_mask(radius=3), 30, 0))
    drawn = painted(service, outside, 0)
    form = form_for(service, box=None, masks=(drawn,), dilate=-20)
    job = wait(service, ME, service.submit(ME, form))
    assert (job.state, job.field) == ("failed", "masks")
