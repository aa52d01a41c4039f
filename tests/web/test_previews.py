import numpy as np
import pytest

import media_factory as make
from soundini.editing.files import prepare_edit
from soundini.web.forms.asking import FormFiles, ask
from soundini.web.jobs.running import cut_edit, unheard
from soundini.web.limits import Limits

from .conftest import ME, QUICK, frames_of, painted, wait

WARNING = (
    "nothing is heard after 0.2 s of 1.0 s, and the picture is the source's there; "
    "sound.loop=true repeats a short sound"
)


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
        assert (job.state, job.error) == ("failed", unheard().message)
    loop = form.model_copy(update={"at": 23, "settings": (*form.settings, "sound.loop=true")})
    assert wait(service, ME, service.submit(ME, loop)).state == "done"
    whole = form.model_copy(update={"scope": "all"})
    done = wait(service, ME, service.submit(ME, whole))
    assert tuple(map(str, done.summary.warnings[:1])) == (() if late else (WARNING,))


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
    at = FormFiles(paths, tmp_path, (64, 96), 24, "debug")
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
    assert "frame 30 is not in the part that is edited, 0 to 23" in str(job.error)
