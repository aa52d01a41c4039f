"""What recordings are of: their labels, what names add, and rain that is measured."""

import numpy as np
import pytest
import torch

import media_factory as make
from soundini.joint.spectrogram import MelConfig, mel_power
from soundini.packs.debug import debug_pack
from soundini.training.classes import CLASSES, NONE
from soundini.training.drawn_sounds import draw_sounds
from soundini.training.labels import rains_throughout, sound_classes
from soundini.training.recordings import HeardWindows, Recording, load_recordings

RATE = MelConfig().sample_rate
THUNDERSTORM, RAIN = CLASSES.index("thunderstorm"), CLASSES.index("rain")


@pytest.mark.parametrize(
    ("label", "name", "classes"),
    [
        ("rain", "rain-on-leaves.mp3", ("rain",)),
        ("rain", "inside-a-train.mp3", (NONE,)),
        ("snow", "node_step_snow.1.ogg", (NONE,)),
        ("snow", "snowstorm.ogg", ("snow_wind",)),
        ("fire", "18384_inferno_largex.ogg", ()),
        ("underwater_bubbles", "7778__fish-tank-without-bubble-strips.wav", (NONE,)),
        ("thunderstorm", "rain_with_thunder.mp3", ("thunderstorm", "rain")),
        ("thunderstorm", "thunder.mp3", ("thunderstorm",)),
        ("wind", "water_wind.m4a", ("snow_wind", "river")),
        ("wind", "wind-in-trees.mp3", ("snow_wind",)),
        ("other", "rain-of-coins.mp3", (NONE,)),
    ],
)
def test_names_say_more_than_labels(label, name, classes):
    # the folder's name says nothing
    assert sound_classes({"label": label, "path": "x.ogg", "original": f"rain/{name}"}) == classes


def test_a_file_that_was_looked_at_is_what_was_seen():
    row = {"label": "thunderstorm", "path": "sounds/thunderstorm/n0040_a.ogg"}
    assert sound_classes(row) == ("snow_wind",)
    assert sound_classes({**row, "path": "sounds/thunderstorm/n0033_a.ogg"}) == ("thunderstorm",)


def thunder(rain_db):
    """Two claps of low noise over steady white noise, whose level relative to their peak is given."""
    rng = np.random.default_rng(0)
    time = np.arange(4 * RATE) / RATE
    low = np.convolve(rng.standard_normal(len(time)), np.ones(300) / 300, mode="same")
    claps = low / np.abs(low).max() * np.exp(-3 * (time % 2))
    samples = claps + 10 ** (rain_db / 20) * rng.standard_normal(len(time))
    return torch.from_numpy(samples).float()


@pytest.mark.parametrize(("rain_db", "rains"), [(-20, True), (-30, True), (-70, False)])
def test_rain_between_claps_of_thunder_is_measured(rain_db, rains):
    power = mel_power(thunder(rain_db), MelConfig())
    assert rains_throughout(power) == rains
    assert rains_throughout(power / 1e3) == rains  # at any level


def test_a_shower_that_ends_does_not_rain_throughout():
    samples = thunder(-20)
    samples[RATE:] = thunder(-70)[RATE:]
    assert not rains_throughout(mel_power(samples, MelConfig()))


def test_a_recording_too_short_to_measure_does_not_rain():
    assert not rains_throughout(torch.ones(96, 7))


def test_recordings_of_thunder_in_rain_are_of_both(tmp_path):
    names = {"clap": -70, "storm": -20, "rain_and_thunder": -70}
    for name, rain_db in names.items():
        make.write_sound(tmp_path / f"{name}.wav", 0.5 * thunder(rain_db).numpy()[None], RATE)
    rows = [f"{name}.wav,thunderstorm" for name in names]
    (tmp_path / "sounds.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    clap, storm, both = load_recordings(tmp_path, debug_pack().joint.mel)
    assert clap.also is None
    assert clap.target[THUNDERSTORM] == 1
    assert storm.also == both.also == RAIN
    assert both.target[[THUNDERSTORM, RAIN]].tolist() == [0.5, 0.5]


def test_what_holds_two_classes_is_never_drawn_as_one():
    alone = Recording("a", "", "a", THUNDERSTORM, torch.full((96, 300), 1e-3))
    double = Recording("b", "", "b", THUNDERSTORM, torch.full((96, 300), 1e3), also=RAIN)
    rng = np.random.default_rng(0)
    for sound in draw_sounds([alone, double], 20, rng):
        assert float(sound.power.median()) < 1
    assert HeardWindows([alone, double]).by_kind == [[alone]]
