import json
import threading

import numpy as np
import pytest

import media_factory as make
from soundini.editing.files import prepare_edit
from soundini.errors import ConfigError, MaskError, MediaError, SoundiniError
from soundini.masks import tracking
from soundini.media.video_reader import VideoReader, count_frames
from soundini.web.forms.asking import Whereabouts, ask
from soundini.web.forms.forms import EditForm, PaintedMask
from soundini.web.jobs.cutting import UNHEARD, cut_edit
from soundini.web.limits import Limits
from soundini.web.refusals import BusyError, MissingError

from .conftest import ME, QUICK, SLOW, YOU, running, wait

WARNING = (
    "nothing is heard after 0.2 s of 1.0 s, and the picture is the source's there; "
    "sound.loop=true repeats a short sound"
)


def painted(service, path, frame, owner=ME):
    with path.open("rb") as stream:
        file = service.add_file(owner, "mask", stream, path.name)
    return PaintedMask(frame=frame, file=file.id)


def frames_of(path):
    with VideoReader(path) as reader:
        return np.stack([frame.rgb for frame in reader.frames()])


def test_an_edit_from_form_to_files(service, form_for):
    form = form_for(service)
    job_id = service.submit(ME, form)
    told = [event.job for event in service.events(ME, job_id)]
    states = list(dict.fromkeys(job.state for job in told))
    assert states[-2:] == ["running", "done"]
    steps = [job.step for job in told]
    assert steps == sorted(steps)
    assert told[-1].step == told[-1].steps > 0
    assert any(job.eta_seconds is not None for job in told)
    done = told[-1]
    assert done.label == "clip.mp4 + fire.wav"
    assert done.summary is not None
    assert done.summary.frames == 24
    assert done.summary.losses
    result = service.result(ME, job_id)
    assert count_frames(result.video) == count_frames(result.source) == 24
    edited, source = frames_of(result.video), frames_of(result.source)
    inside = np.abs(edited[-1, 20:44, 30:56].astype(int) - source[-1, 20:44, 30:56]).mean()
    outside = np.abs(edited[-1, :, 76:].astype(int) - source[-1, :, 76:]).mean()
    assert inside > 3 * outside
    assert json.loads(result.recipe.read_text())["output"]["frames"] == 24
    assert service.form(ME, job_id) == form


def test_an_edit_is_cancelled_while_its_mask_is_followed(service, form_for, monkeypatch):
    move, reached, go_on, moved = tracking.move_mask, threading.Event(), threading.Event(), []

    def slowly(*arguments):
        moved.append(True)
        reached.set()
        assert go_on.wait(30)
        return move(*arguments)

    monkeypatch.setattr(tracking, "move_mask", slowly)
    job_id = service.submit(ME, form_for(service, track=True))
    assert reached.wait(30)
    assert 0 < service.job(ME, job_id).masks < 1
    service.cancel(ME, job_id)
    go_on.set()
    job = wait(service, ME, job_id)
    assert (job.state, job.step, job.masks, len(moved)) == ("cancelled", 0, None, 1)
    service.resume(ME, job_id)
    assert wait(service, ME, job_id).state == "done"
    assert len(moved) == 1 + 23


@pytest.mark.parametrize(("scope", "frames"), [("frame", 1), ("eight", 8)])
def test_a_preview_is_of_the_frames_that_were_asked_for(service, form_for, scope, frames):
    job_id = service.submit(ME, form_for(service, scope=scope, at=21))
    assert wait(service, ME, job_id).summary.frames == frames
    result = service.result(ME, job_id)
    whole = make.moving_frames(24)
    first = frames_of(result.source)
    assert len(first) == frames
    assert make.psnr(first[0], whole[24 - 8 if frames == 8 else 21]) > 25


@pytest.mark.parametrize("sound", ["short", "late"])
def test_a_preview_where_nothing_is_heard_says_so(service, form_for, tmp_path, sound):
    """Where the sound has not begun for long, or is over, and where it just is."""
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 9600)).astype(np.float32)
    path = make.write_sound(tmp_path / "short.wav", noise, 48_000)
    with path.open("rb") as stream:
        short = service.add_file(ME, "sound", stream, path.name).id
    late = () if sound == "short" else ("sound.offset=0.7",)
    form = form_for(service, settings=(*QUICK, "sound.release=0.01", *late))
    form = form.model_copy(update={"sound": short, "scope": "frame"})
    for at in (12, 23) if sound == "short" else (0, 10):
        job_id = service.submit(ME, form.model_copy(update={"at": at}))
        job = wait(service, ME, job_id)
        assert (job.state, job.error) == ("failed", UNHEARD)
    loop = form.model_copy(update={"at": 23, "settings": (*form.settings, "sound.loop=true")})
    assert wait(service, ME, service.submit(ME, loop)).state == "done"
    whole = form.model_copy(update={"scope": "all"})
    done = wait(service, ME, service.submit(ME, whole))
    assert done.summary.warnings[:1] == (() if late else (WARNING,))


@pytest.mark.parametrize("masks", ["box", "tracked box", "held", "tracked", "box and painted"])
def test_a_preview_sees_and_hears_what_the_whole_does(
    service, form_for, media, debug, tmp_path, masks
):
    fields = {"box": None} if masks in ("held", "tracked") else {}
    if masks != "box" and masks != "tracked box":
        moved = np.roll(make.disc_mask(), (4, 9), (0, 1))
        path = make.write_image(tmp_path / "moved.png", moved)
        fields["masks"] = (
            painted(service, media / "disc.png", 4),
            painted(service, path, 13),
        )
    form = form_for(service, track="tracked" in masks, start="2", **fields)
    paths = {i: service.file(ME, i).path for i in (form.video, form.sound)}
    paths |= {m.file: service.file(ME, m.file).path for m in form.masks}
    at = Whereabouts(paths, tmp_path, (64, 96), 24, "debug")
    whole = prepare_edit(ask(form, at, Limits()).request, debug)
    masks_there = list(whole.masks)
    for frame in (2, 9, 15, 23):
        asked = ask(form.model_copy(update={"scope": "frame", "at": frame}), at, Limits())
        part = cut_edit(prepare_edit(asked.request, debug), *asked.shown)
        index = frame - whole.first
        assert part.first == frame
        assert part.frame_count == 1
        np.testing.assert_allclose(next(iter(part.masks)), masks_there[index], atol=0.02)
        assert float(part.track.strength) == pytest.approx(
            float(whole.track.strength[index]), abs=0.05
        )
        assert float(part.track.heard[0] @ whole.track.heard[index]) > 0.99
        part.close()
    whole.close()


def test_a_preview_where_the_mask_is_not(service, form_for):
    job_id = service.submit(ME, form_for(service, scope="frame", at=30))
    job = wait(service, ME, job_id)
    assert job.state == "failed"
    assert "frame 30 is not in the part that is edited, 0 to 23" in job.error


def test_cancelled_within_a_step_and_resumed_to_the_same_bytes(service, form_for):
    quick = ("sampling.steps=8", "region.size=32", "window.frames=6")
    form = form_for(service, settings=quick, end="16")
    plain = service.submit(ME, form)
    assert wait(service, ME, plain).state == "done"
    again = service.submit(ME, form)
    begun = running(service, ME, again)
    assert service.preview(ME, again).ndim == 3
    service.cancel(ME, again)
    stopped = wait(service, ME, again)
    assert stopped.state == "cancelled"
    assert begun.step <= stopped.step <= begun.step + 3 < stopped.steps
    assert service.preview(ME, again) is None
    with pytest.raises(MissingError, match="not done yet"):
        service.result(ME, again)
    service.resume(ME, again)
    assert wait(service, ME, again).state == "done"
    assert (
        service.result(ME, again).video.read_bytes() == service.result(ME, plain).video.read_bytes()
    )


def test_one_at_a_time_in_order_and_waiting_ones_can_be_taken_out(service, form_for):
    slow, quick = form_for(service, settings=SLOW), form_for(service)
    first = service.submit(ME, slow)
    running(service, ME, first)
    second, third = service.submit(ME, quick), service.submit(ME, quick)
    assert [service.job(ME, i).queue_place for i in (first, second, third)] == [None, 1, 2]
    assert [job.id for job in service.jobs(ME)] == [third, second, first]
    service.cancel(ME, second)
    assert service.job(ME, second).state == "cancelled"
    assert service.job(ME, third).queue_place == 1
    service.cancel(ME, first)
    assert wait(service, ME, third).state == "done"
    assert service.job(ME, first).state == "cancelled"
    with pytest.raises(ConfigError, match="this job is done"):
        service.resume(ME, third)


def test_a_new_server_finds_what_the_old_one_left(service_in, form_for):
    old = service_in()
    form = form_for(old, settings=SLOW)
    done = old.submit(ME, form_for(old))
    assert wait(old, ME, done).state == "done"
    begun, waiting = old.submit(ME, form), old.submit(ME, form_for(old))
    seen = running(old, ME, begun)
    old.close()
    new = service_in()
    views = {job.id: job for job in new.jobs(ME)}
    assert [job.id for job in new.jobs(ME)] == [waiting, begun, done]
    assert [views[i].state for i in (done, begun, waiting)] == [
        "done",
        "interrupted",
        "interrupted",
    ]
    assert views[begun].step >= seen.step
    assert views[done].summary is not None
    assert new.result(ME, done).video.is_file()
    # A client that listened to the old server goes on with the new one.
    assert next(iter(new.events(ME, begun, after=57))).job.state == "interrupted"
    new.resume(ME, waiting)
    assert wait(new, ME, waiting).state == "done"
    new.resume(ME, begun)
    resumed = running(new, ME, begun)
    assert (
        resumed.step >= views[begun].step - 10
    )  # a state is kept every few seconds, or when it stops
    new.cancel(ME, begun)


def test_a_killed_server_leaves_tickets_that_say_running(service_in, form_for):
    old = service_in()
    job_id = old.submit(ME, form_for(old, settings=SLOW))
    running(old, ME, job_id)
    ticket = next(old.folder.glob(f"owners/*/jobs/{job_id}/ticket.json"))
    text = ticket.read_text()
    assert json.loads(text)["state"] == "running"
    old.close()
    ticket.write_text(text)
    assert service_in().job(ME, job_id).state == "interrupted"


def test_one_server_a_folder(service, service_in):
    with pytest.raises(ConfigError, match="another soundini web uses"):
        service_in()


def test_somebody_elses_job_is_none(service, form_for):
    job_id = service.submit(ME, form_for(service))
    for ask_for in (
        service.job,
        service.form,
        service.preview,
        service.cancel,
        service.resume,
        service.delete,
        service.result,
        lambda owner, i: next(service.events(owner, i)),
    ):
        with pytest.raises(MissingError, match="there is no such job"):
            ask_for(YOU, job_id)
    assert service.jobs(YOU) == []
    assert wait(service, ME, job_id).state == "done"


def test_only_so_much_waits(service_in, form_for):
    service = service_in(waiting=2, waiting_in_all=3)
    slow = form_for(service, settings=SLOW)
    mine = [service.submit(ME, slow) for _ in range(2)]
    with pytest.raises(BusyError, match="2 edits of yours"):
        service.submit(ME, slow)
    other = form_for(service, YOU, settings=SLOW)
    service.submit(YOU, other)
    with pytest.raises(BusyError, match="too many edits wait"):
        service.submit(YOU, other)
    for job_id in mine:
        service.cancel(ME, job_id)


def test_a_running_job_is_deleted_when_it_has_stopped(service, form_for):
    job_id = service.submit(ME, form_for(service, settings=SLOW))
    running(service, ME, job_id)
    service.delete(ME, job_id)
    with pytest.raises(MissingError):
        service.job(ME, job_id)
    after = service.submit(ME, form_for(service))
    assert wait(service, ME, after).state == "done"
    assert not list(service.folder.glob(f"owners/*/jobs/{job_id}"))


def test_what_goes_wrong_is_told_in_the_visitors_words_and_the_next_job_is_done(
    service, form_for, media
):
    silent = form_for(service, settings=("sound.offset=100",))
    gone = form_for(service)
    service.submit(ME, silent)
    failed = service.submit(ME, gone)
    service.file(ME, gone.sound).path.unlink()
    fine = service.submit(ME, form_for(service))
    assert wait(service, ME, fine).state == "done"
    jobs = {job.id: job for job in service.jobs(ME)}
    assert jobs[failed].state == "failed"
    assert "fire.wav" in jobs[failed].error
    for job in jobs.values():
        assert str(service.folder) not in job.error
        assert "\n" not in job.error


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
    ],
)
def test_forms_that_are_refused_at_once(service, form_for, fields, words):
    form = form_for(service)
    with pytest.raises(SoundiniError) as caught:
        service.submit(ME, form.model_copy(update=fields))
    assert words in str(caught.value)
    assert service.jobs(ME) == []


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
    at = Whereabouts(files, service.folder, (64, 96), 24, "debug")
    recipe = ask(found, at, Limits()).request.recipe
    assert recipe.model_dump() == json.loads(result.recipe.read_text())["request"]["recipe"]


def test_what_is_no_recipe(service, tmp_path):
    for text in ('{"a": 1}', '{"request": 3}', "{" * 9):
        (tmp_path / "r.json").write_text(text)
        with (
            pytest.raises((ConfigError, MediaError)) as caught,
            (tmp_path / "r.json").open("rb") as f,
        ):
            service.restored(ME, service.add_file(ME, "recipe", f, "r.json").id)
        assert str(service.folder) not in str(caught.value)
