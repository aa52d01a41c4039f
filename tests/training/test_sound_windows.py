import librosa
import numpy as np
import pytest
import torch

from soundini.training.distributed import Workers
from soundini.training.recipe import SoundEncoderRecipe
from soundini.training.sound_windows import (
    SoundWindows,
    blank_parts,
    load_batches,
    spec_augment,
    training_window,
)

MASKS = {"masks": 2, "max_frequency": 0.15, "max_time": 0.3}


@pytest.mark.parametrize("seconds", [3, 12])
def test_a_window_is_librosas(seconds):
    noise = np.random.default_rng(0).normal(0, 0.1, seconds * 44_100).astype(np.float32)
    noise *= np.linspace(0.001, 1, len(noise), dtype=np.float32)
    power = librosa.feature.melspectrogram(y=noise, sr=44_100, n_fft=2048, hop_length=512)
    expected = librosa.power_to_db(power, ref=np.max, top_db=80) / 80 + 1
    window = training_window(torch.from_numpy(noise)).numpy()
    assert window.shape == (128, 864)
    heard = min(864, expected.shape[1])
    assert np.abs(window[:, :heard] - expected[:, :heard]).max() < 1e-3
    assert not window[:, heard:].any()


def test_blanked_parts_are_bands_and_spans_within_their_share():
    windows = torch.ones(128, 864)
    shares = []
    for seed in range(50):
        out = spec_augment(windows, np.random.default_rng(seed), **MASKS)
        bands, spans = (out == 0).all(1), (out == 0).all(0)
        assert torch.equal(out == 0, bands[:, None] | spans[None])
        shares.append((bands.float().mean(), spans.float().mean()))
    bands, spans = np.array(shares).T
    assert 0.1 < bands.max() <= 2 * 0.15
    assert 0.2 < spans.max() <= 2 * 0.3
    assert torch.equal(windows, torch.ones(128, 864))
    nothing = spec_augment(windows, np.random.default_rng(0), **MASKS | {"masks": 0})
    assert torch.equal(nothing, windows)


class Numbers(SoundWindows):
    """Windows that say which clip they are of."""

    def __init__(self, count):
        super().__init__([])
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, clip):
        return torch.full((2, 3), float(clip)), torch.tensor(clip)


def clips_of(steps, workers=Workers(), **settings):  # noqa: B008 -- frozen
    recipe = SoundEncoderRecipe(**{"batch": 4} | settings)
    return [clips.tolist() for _, clips in load_batches(Numbers(14), recipe, steps, workers)]


def test_every_epoch_hears_whole_batches_in_an_order_of_its_own():
    steps = clips_of(range(6))
    first, second = ([clip for step in part for clip in step] for part in (steps[:3], steps[3:]))
    assert len(set(first)) == len(set(second)) == 12
    assert first != second
    assert clips_of(range(6)) == steps != clips_of(range(6), seed=1)


def test_order_does_not_depend_on_where_a_run_starts():
    assert clips_of(range(2, 6)) == clips_of(range(6))[2:]


def test_processes_share_a_batch_and_what_is_blanked_in_it():
    steps = range(3)
    parts = [clips_of(steps, Workers(rank, 2)) for rank in range(2)]
    assert [a + b for a, b in zip(*parts, strict=True)] == clips_of(steps)
    windows, recipe = torch.rand(4, 128, 864), SoundEncoderRecipe(batch=4)
    whole = blank_parts(windows, recipe, 7, Workers())
    halves = [
        blank_parts(half, recipe, 7, Workers(rank, 2)) for rank, half in enumerate(windows.split(2))
    ]
    assert torch.equal(torch.cat(halves), whole)
    assert not torch.equal(blank_parts(windows, recipe, 8, Workers()), whole)
