"""What the sound head is fitted on: folds by origin, drawn sounds, and the components of their features."""

import numpy as np
import pytest
import torch

from soundini.training.classes import CLASSES, NONE
from soundini.training.drawn_noise import coloured_noise, draw_noise
from soundini.training.drawn_sounds import (
    DRAWN_COLUMNS,
    TOGETHER,
    draw_pairs,
    draw_sounds,
    draw_tones,
)
from soundini.training.probe import Components, HiddenLayer, fit_hidden_layer, fit_probe
from soundini.training.recordings import Recording, deal_folds


def recordings_of(*, kinds=(0, 3, 8), groups=5, each=3, columns=300):
    """Noise in one band for each class."""
    found = []
    for kind in kinds:
        for group in range(groups):
            for number in range(each):
                power = torch.full((96, columns), 1e-6)
                power[10 * kind : 10 * kind + 10] = 1.0 + number
                found.append(
                    Recording(f"{kind}-{group}-{number}", "", f"{kind}/{group}", kind, power)
                )
    return found


def test_origins_are_dealt_out_whole_and_classes_evenly():
    recordings = recordings_of()
    folds = deal_folds(recordings, 5)
    for group in {r.group for r in recordings}:
        assert len({f for f, r in zip(folds, recordings, strict=True) if r.group == group}) == 1
    for kind in (0, 3, 8):
        counts = np.bincount([f for f, r in zip(folds, recordings, strict=True) if r.kind == kind])
        assert counts.tolist() == [3] * 5


def test_two_sounds_at_once_are_both_named_and_the_louder_more():
    drawn = draw_sounds(recordings_of(kinds=(0, 3)), 60, np.random.default_rng(0), mixed=1.0)
    for sound in drawn:
        assert float(sound.target.sum()) == pytest.approx(1)
        assert sound.power.shape == (96, DRAWN_COLUMNS)
        louder, quieter = sound.target[[0, 3]].sort(descending=True).values.tolist()
        assert louder <= 2 * quieter + 1e-4  # at most 6 dB apart
        levels = sound.power[0:10].mean(), sound.power[30:40].mean()
        if abs(float((levels[0] / levels[1]).log10())) > 0.5:  # more than colouring does
            assert (levels[0] > levels[1]) == bool(sound.target[0] > sound.target[3])


def test_pairs_are_of_classes_that_are_heard_together():
    kinds = tuple(CLASSES.index(name) for name in ("fire", "rain", "snow_wind"))
    drawn = draw_pairs(recordings_of(kinds=kinds), 40, np.random.default_rng(0))
    heard = {tuple(CLASSES[k] for k in sound.target.nonzero()[:, 0]) for sound in drawn}
    wanted = {frozenset(pair) for pair in TOGETHER} & {
        frozenset(pair) for pair in (("fire", "rain"), ("fire", "snow_wind"), ("rain", "snow_wind"))
    }
    assert {frozenset(pair) for pair in heard} == wanted
    assert len(drawn) == 40
    assert draw_pairs(recordings_of(kinds=(0,)), 5, np.random.default_rng(0)) == []


def test_a_drawn_sound_alone_is_of_its_class():
    for sound in draw_sounds(recordings_of(), 40, np.random.default_rng(0), mixed=0.0):
        kind = int(sound.target.argmax())
        assert sound.target[kind] == 1
        assert int(sound.power.mean(1).argmax()) // 10 == kind


def test_the_same_chance_draws_the_same_sounds():
    one, two = (draw_sounds(recordings_of(), 5, np.random.default_rng(3)) for _ in range(2))
    assert all(torch.equal(a.power, b.power) for a, b in zip(one, two, strict=True))


def test_one_class_alone_and_short_recordings_are_drawn_too():
    (sound,) = draw_sounds(recordings_of(kinds=(3,), columns=9), 1, np.random.default_rng(0))
    assert sound.power.shape == (96, 9)
    short = draw_sounds(recordings_of(columns=20), 20, np.random.default_rng(0), mixed=1.0)
    assert all(float(s.target.max()) == 1 for s in short)  # too short to be mixed


def test_a_probe_of_the_components_says_the_same_of_the_features():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(80, 12, generator=generator) * torch.logspace(-1, 2, 12) + 5
    targets = torch.eye(2)[(features[:, 3] > 5).long()]
    components = Components.of(features)
    reduced = components.reduce(features)
    torch.testing.assert_close(reduced.mean(0), torch.zeros(12), atol=1e-3, rtol=0)
    probe = fit_probe(reduced, targets, torch.ones(80), 0.1, standardise=False)
    torch.testing.assert_close(
        components.unfold(probe).logits(features), probe.logits(reduced), atol=1e-3, rtol=1e-3
    )
    plain = fit_probe(features, targets, torch.ones(80), 0.1)
    torch.testing.assert_close(
        plain.logits(features), components.unfold(probe).logits(features), atol=2e-2, rtol=1e-2
    )


def test_tones_are_of_no_effect_and_differ():
    tones = draw_tones(12, np.random.default_rng(0))
    for tone in tones:
        assert tone.target[CLASSES.index(NONE)] == 1
        assert torch.isfinite(tone.power).all()
        assert tone.power.shape[0] == 96
        assert tone.power.shape[1] >= 64
    loudest = {int(tone.power.mean(1).argmax()) for tone in tones}
    assert len(loudest) > 4
    again = draw_tones(12, np.random.default_rng(0))
    assert all(torch.equal(a.power, b.power) for a, b in zip(tones, again, strict=True))


@pytest.mark.parametrize("fall_db", [0.0, 3.0, 6.0])
def test_noise_falls_by_its_colour_and_is_as_loud_as_it_may_be(fall_db):
    rate = 44100
    samples = coloured_noise(5 * rate, rate, fall_db, np.random.default_rng(0))
    assert np.abs(samples).max() == pytest.approx(1)
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)

    def octave(low):
        return 10 * np.log10(power[(frequencies >= low) & (frequencies < 2 * low)].mean())

    assert octave(500) - octave(4000) == pytest.approx(3 * fall_db, abs=0.5)


def test_noise_is_of_no_effect_and_drawn_by_chance_alone():
    noises, again = (draw_noise(4, np.random.default_rng(1)) for _ in range(2))
    for one, two in zip(noises, again, strict=True):
        assert one.target[CLASSES.index(NONE)] == 1
        assert one.power.shape[0] == 96
        assert torch.equal(one.power, two.power)
    assert len({noise.power.shape[1] for noise in noises}) == 4


def test_a_hidden_layer_learns_what_no_line_parts():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 2, generator=generator).sign()
    x = x + 0.1 * torch.randn(400, 2, generator=generator)
    crossed = (x[:, 0] * x[:, 1] > 0).long()
    state = torch.random.get_rng_state()
    layer = fit_hidden_layer(x, torch.eye(2)[crossed], torch.ones(400), 32, seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    right = layer.logits(x).argmax(1) == crossed
    assert float(right.float().mean()) > 0.9
    again = fit_hidden_layer(x, torch.eye(2)[crossed], torch.ones(400), 32, seed=0)
    assert torch.equal(again.outer, layer.outer)


def test_a_mean_layer_says_the_mean_and_components_unfold_it():
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator)

    layers = [HiddenLayer(random(4, 6), random(4), random(3, 4)) for _ in range(2)]
    features = random(20, 6) * 3 + 1
    wanted = (layers[0].logits(features) + layers[1].logits(features)) / 2
    mean = HiddenLayer.mean_of(layers)
    torch.testing.assert_close(mean.logits(features), wanted)
    components = Components.of(features)
    unfolded = components.unfold_hidden(mean).logits(features)
    torch.testing.assert_close(
        unfolded, mean.logits(components.reduce(features)), atol=1e-4, rtol=1e-4
    )
