"""Sounds as the paper's encoder was trained to hear them, ten seconds of each; and SpecAugment, which blanks parts of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from soundini.joint.paper_spectrogram import PAPER_MEL, WINDOW_COLUMNS, decibel_image
from soundini.joint.spectrogram import mel_power
from soundini.media.sound import load_sound, resample
from soundini.training.distributed import Workers
from soundini.training.recipe import SoundEncoderRecipe


def training_window(waveform: Tensor) -> Tensor:
    """The window of a clip that the encoder is trained on: its first 864 columns, silence after its end.

    The clip's own loudest bin maps to 1: how loud a recording is says little of what it is of.

    Args:
        waveform: mono at 44.1 kHz.

    Shape:
        ``[samples]`` -> ``[128, 864]`` in [0, 1].
    """
    columns = decibel_image(mel_power(waveform, PAPER_MEL), reference_db=None)
    columns = columns[:, :WINDOW_COLUMNS]
    return F.pad(columns, (0, WINDOW_COLUMNS - columns.shape[1]))


class SoundWindows(Dataset[tuple[Tensor, Tensor]]):
    """Windows of sound files, each with the number of its file.

    Args:
        paths: the sounds, or videos with sound.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, clip: int) -> tuple[Tensor, Tensor]:
        """A window and its number, ``[128, 864]`` and ``[]``.

        Raises:
            MediaError: the file went missing, or was damaged since it was looked at.
        """
        sound = resample(load_sound(self.paths[clip]).mono(), PAPER_MEL.sample_rate)
        return training_window(torch.from_numpy(sound.samples[0])), torch.tensor(clip)


def load_batches(
    windows: SoundWindows, recipe: SoundEncoderRecipe, steps: range, workers: Workers
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Load this process's rows of the batches of some steps; which clips they are depends on (seed, step) alone.

    Args:
        windows: the clips, at least a batch of them; what is left over in an epoch is left out of it.
        recipe: the seed, the batch, and how many processes read ahead.
        steps: which steps, counted from the start of the run.
        workers: the processes that share a batch.

    Shape:
        each batch: ``[B, 128, 864]`` and ``[B]``.
    """
    return DataLoader(
        windows,
        batch_sampler=_clips_of_steps(len(windows), recipe, steps, workers),
        num_workers=recipe.loaders,
        generator=torch.Generator(),  # else it would draw from the global random state
    )


def _clips_of_steps(
    clips: int, recipe: SoundEncoderRecipe, steps: range, workers: Workers
) -> Iterator[list[int]]:
    for step in steps:
        epoch, turn = divmod(step, clips // recipe.batch)
        order = torch.from_numpy(np.random.default_rng((recipe.seed, epoch)).permutation(clips))
        batch = order[turn * recipe.batch : (turn + 1) * recipe.batch]
        yield workers.part(batch).tolist()


def blank_parts(windows: Tensor, recipe: SoundEncoderRecipe, step: int, workers: Workers) -> Tensor:
    """Put each of this process's windows of a step under a SpecAugment of its own, which (seed, step, row) decides.

    Shape:
        ``windows``: ``[B, 128, 864]``; returns the same.
    """
    rows = workers.part(torch.arange(recipe.batch)).tolist()
    return torch.stack(
        [
            spec_augment(
                window,
                np.random.default_rng((recipe.seed, step, row)),
                masks=recipe.masks,
                max_frequency=recipe.max_frequency,
                max_time=recipe.max_time,
            )
            for window, row in zip(windows, rows, strict=True)
        ]
    )


def spec_augment(
    columns: Tensor,
    rng: np.random.Generator,
    *,
    masks: int,
    max_frequency: float,
    max_time: float,
) -> Tensor:
    """Blank random bands of frequency and spans of time.

    Args:
        columns: spectrogram; 0 is silence.
        rng: where the choices come from.
        masks: how many bands, and how many spans; they may overlap.
        max_frequency: widest band, share of the rows, 0 to 1.
        max_time: longest span, share of the columns, 0 to 1.

    Shape:
        ``columns``: ``[mel, columns]``; returns a copy.
    """
    out = columns.clone()
    for _ in range(masks):
        out[_span(out.shape[0], max_frequency, rng)] = 0
        out[:, _span(out.shape[1], max_time, rng)] = 0
    return out


def _span(total: int, share: float, rng: np.random.Generator) -> slice:
    length = int(rng.uniform(0, share) * total)
    start = int(rng.integers(total - length + 1))
    return slice(start, start + length)
