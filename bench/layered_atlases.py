"""How well layered atlases rebuild real clips, and how long the fit takes: what the baseline is worth before it edits anything.

    python bench/layered_atlases.py DATA [--suite bench/methods.yaml] [--set atlases.steps=800] [-o docs/layered-atlases.md]

The region of every clip of the suite is cut out and resized as the editor does it, and its first window is fitted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from measuring import clock, machine

from soundini.baselines.layered_atlases.clip_points import ClipPoints
from soundini.baselines.layered_atlases.fitting import fit_layers
from soundini.baselines.layered_atlases.picture import lay_out, reconstruct
from soundini.benchmark.suite import load_suite
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.plan import plan_windows
from soundini.evaluation.clips import EvaluationClip, read_clip
from soundini.flow.pairs import estimate_pairs
from soundini.geometry import mask_to_model, to_model
from soundini.masks.refine import bounds, feather
from soundini.packs.loading import load_pack
from soundini.packs.pack import ModelPack


@dataclass(frozen=True)
class Fitted:
    """What came of one clip: PSNR in dB of the window and of its worst frame, inside the mask too; seconds of one core."""

    name: str
    size: tuple[int, int]
    psnr: float
    worst: float
    inside: float
    foreground: float
    seconds: float

    def row(self) -> str:
        """A line of the table."""
        figures = f"{self.psnr:.1f} | {self.worst:.1f} | {self.inside:.1f} | {self.foreground:.2f} | {self.seconds:.0f}"
        return f"| {self.name} | {self.size[1]}x{self.size[0]} | {figures} |"


def fit_clip(clip: EvaluationClip, folder: Path, pack: ModelPack, recipe: Recipe) -> Fitted:
    """Fit the clip's first window."""
    frames, hard, _ = read_clip(clip, folder, recipe.window.frames)
    covered = next(box for box in map(bounds, hard) if box is not None)
    radius = recipe.region.feather * min(covered.width, covered.height)
    masks = np.stack([feather(mask, radius) for mask in hard])
    regions = [bounds(mask) for mask in masks]
    window = plan_windows(
        regions, frames.shape[1:3], recipe.region, recipe.window, pack.denoiser.stride
    )[0]
    assert window.box is not None
    source = to_model(frames, window.box, window.size)
    mask = (3 * mask_to_model(masks, window.box, window.size)).clamp(max=1)  # as in editing/stream
    points = ClipPoints(source, mask, estimate_pairs(source, pack.flow))
    began = clock("cpu")
    fit = fit_layers(points, recipe.atlases, recipe.seed)
    while True:
        try:
            next(fit)
        except StopIteration as end:
            layers = end.value
            break
    seconds = clock("cpu") - began
    layout = lay_out(layers, points)
    error = ((reconstruct(layers, layout) - source) / 2).square().mean(1, keepdim=True)
    return Fitted(
        clip.name,
        window.size,
        _decibels(error.mean()),
        _decibels(error.mean((1, 2, 3)).max()),
        _decibels((error * mask).sum() / mask.sum()),
        float((layout.alpha[:, None] * mask).sum() / mask.sum()),
        seconds,
    )


def _decibels(error: torch.Tensor) -> float:
    return -10 * float(error.log10())


def report(fits: Sequence[Fitted], recipe: Recipe) -> str:
    """The page."""
    rows = "\n".join(fit.row() for fit in fits)
    return f"""# How well layered atlases rebuild clips

Written by `python bench/layered_atlases.py DATA`: {recipe.window.frames} frames of each clip, {recipe.atlases.steps} steps of
{recipe.atlases.points} points. PSNR is measured on the frames that the two pictures and their mappings rebuild, at the resolution
of the edit. Seconds are processor time, so other work on the machine does not count.

Machine: {machine()}.

| clip | size | PSNR, dB | worst frame | in the region | of it foreground | seconds |
|---|---:|---:|---:|---:|---:|---:|
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--suite", type=Path, default=Path("bench/methods.yaml"))
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    recipe, pack = override(Recipe(), given.set), load_pack("embedded")
    fits = []
    for clip in load_suite(given.suite, given.data).clips:
        fits.append(fit_clip(clip, given.data, pack, recipe))
        print(fits[-1].row(), flush=True)
    page = report(fits, recipe)
    print(page)
    if given.output is not None:
        given.output.write_text(page)


if __name__ == "__main__":
    main()
