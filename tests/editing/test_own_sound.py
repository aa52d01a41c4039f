"""A video's own sound belongs to its pictures: in the edit, in the output and in previews."""

from contextlib import closing

import numpy as np
import pytest

import media_factory as make
import strange_media as strange
from soundini.config.presets import load_preset, override
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.part import read_part
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import MediaError
from soundini.generators import finish
from soundini.media.sound import load_sound


@pytest.fixture
def ask(tmp_path):
    make.write_video(
        tmp_path / "clip.mp4", 72, audio=make.clicks(3.0, (0.5, 1.5, 2.5)), options={"g": "12"}
    )

    def call(*settings, **fields):
        quick = ("sampling.steps=1", "region.size=32", "window.frames=4", "window.overlap=1")
        return EditRequest(
            **{
                "video": tmp_path / "clip.mp4",
                "sound": "self",
                "output": tmp_path / "out.mp4",
                "mask": MaskRequest(box="0.2,0.2,0.4,0.4"),
                "recipe": override(load_preset("fast"), [*quick, *settings]),
                "models": "debug",
                **fields,
            }
        )

    return call


def loudest(prepared):
    return prepared.first + int(prepared.track.strength.argmax())


@pytest.mark.parametrize("start", ["1s", "24", "1.0s"])
def test_it_begins_where_the_part_begins(ask, start):
    with closing(
        prepare_edit(ask("sound.release=0.05", "sound.envelope=onset", start=start, end="44"))
    ) as edit:
        assert edit.track.sound.duration == pytest.approx(20 / 24, abs=0.001)
        assert make.onset(edit.track.sound.samples, 48000) == pytest.approx(0.5, abs=0.03)
        assert 34 <= loudest(edit) <= 38


def test_an_offset_counts_from_there(ask):
    with closing(prepare_edit(ask("sound.offset=0.25", start="24", end="48"))) as edit:
        assert make.onset(edit.track.sound.samples, 48000) == pytest.approx(0.75, abs=0.03)


def test_a_part_is_as_loud_as_in_the_whole(ask):
    with (
        closing(prepare_edit(ask())) as whole,
        closing(prepare_edit(ask(start="24", end="48"))) as part,
    ):
        inside = whole.track.strength[24:48]
        later = slice(13, None)  # what rang before the part has died away
        assert (part.track.strength[later] - inside[later]).abs().max() < 0.01
        assert (part.track.heard[6:-6] - whole.track.heard[30:42]).abs().max() < 1e-3


@pytest.mark.parametrize("audio", ["guide", "mix", "source"])
def test_the_output_plays_it_once_and_in_time(ask, tmp_path, audio):
    for _ in run_edit(prepare_edit(ask(f"output.audio={audio}", start="30", end="42"))):
        pass
    heard = load_sound(tmp_path / "out.mp4")
    loud = np.flatnonzero(np.abs(heard.samples[0]) > 0.2) / heard.sample_rate
    assert loud.min() == pytest.approx(0.25, abs=0.03)
    assert loud.max() < 0.3


def test_a_few_frames_of_a_long_recording(ask, tmp_path, monkeypatch):
    long = make.write_sound(tmp_path / "long.wav", make.tone(70.0))
    monkeypatch.setenv("SOUNDINI_MAX_SOUND_SECONDS", "8")
    with closing(finish(read_part(ask(sound=str(long), end="8")))) as part:
        assert part.frame_count == 8
    with pytest.raises(MediaError, match="more than the limit of 8 seconds"):
        finish(read_part(ask("sound.loop=true", sound=str(long), end="8")))


def test_an_edit_that_edits_nothing_says_why(ask, tmp_path):
    (tmp_path / "masks").mkdir()
    for frame in range(24):
        lit = frame >= 18
        picture = make.disc_mask() if lit else np.zeros((64, 96), np.float32)
        make.write_image(tmp_path / f"masks/{frame}.png", picture)
    short = make.write_sound(tmp_path / "short.wav", make.tone(0.3))
    fields = {"mask": MaskRequest(paths=(str(tmp_path / "masks"),)), "end": "24"}
    with closing(prepare_edit(ask("sound.release=0", sound=str(short), **fields))) as edit:
        (told,) = edit.warnings
        assert str(told).startswith(
            "no frame is edited: the mask covers frames 18 to 23, and the sound is heard in frames 0 to "
        )
    loud = make.write_sound(tmp_path / "loud.wav", make.tone(1.0))
    with closing(prepare_edit(ask("sound.gain=0.001", sound=str(loud), end="24"))) as edit:
        (told,) = edit.warnings
        assert str(told).startswith(
            "no frame is edited: the sound is too quiet along the part; raise sound.gain"
        )
    for remedy in ("sound.gain=1", "sound.envelope_range=90", "sound.envelope=off"):
        with closing(
            prepare_edit(ask("sound.gain=0.001", remedy, sound=str(loud), end="24"))
        ) as edit:
            assert edit.warnings == ()


def test_several_tracks_are_told(ask, tmp_path):
    sounds = [make.tone(2.0), make.tone(2.0, 2000)]
    path = strange.with_tracks(tmp_path / "two.mp4", sounds, 1)
    with closing(finish(read_part(ask(video=path)))) as part:
        (told,) = part.notes
        assert "two.mp4: sound track 2 is heard, of 1 (aac, mono), 2 (aac, mono, default)" in str(
            told
        )
    with closing(finish(read_part(ask("sound.track=1", video=path)))) as part:
        assert part.notes == ()
        spectrum = np.abs(np.fft.rfft(part.sound.samples[0][:48000]))
        assert int(spectrum.argmax()) == 440
    with pytest.raises(MediaError, match="has no sound track 4"):
        finish(read_part(ask("sound.track=4", video=path)))
