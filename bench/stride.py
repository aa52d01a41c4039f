"""What edits of every second and third frame save and cost, and what flow carries them best, written to docs/bench-stride.md.

    taskset -c 0 env OMP_NUM_THREADS=1 python bench/stride.py [DATA] [-o docs/bench-stride.md] [--sheet sheet.png]

DATA holds clips and sounds: palmtrees.mp4 (hhoppe/data, CC0-1.0), blackswan.mp4 (DAVIS) and a recording of a fire (ESC-10).
Seconds are of processor time, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from contact_sheets import row, sheet
from measuring import clock, machine

from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.editing.cost import count_evaluations
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.request import EditRequest, MaskRequest
from soundini.evaluation.measure import measure_edit
from soundini.evaluation.measures import EditMeasures
from soundini.events import EditDone
from soundini.flow.dis import DISFlow
from soundini.flow.pairs import estimate_pairs
from soundini.flow.warp import warp
from soundini.geometry import Box, edit_size, to_model
from soundini.judge import Judge
from soundini.media.video_reader import VideoReader
from soundini.packs.loading import load_pack
from soundini.packs.pack import ModelPack

CLIPS = {"palmtrees.mp4": "0.5,0.6,0.35,0.32", "blackswan.mp4": "0.62,0.5,0.27,0.44"}
FLOW_CLIPS = (*CLIPS, "kite-surf.mp4", "mallard_water.mp4")
APART = (2, 3, 4, 8)
SOUND = "fire/0021.ogg"
STRIDES = (1, 2, 3)


@dataclass(frozen=True)
class Figures:
    """What one edit took and what it is worth."""

    stride: int
    passes: int
    seconds: float
    judged: float
    warp_ratio: float
    motion: float
    seam: float | None


def edit_clip(request: EditRequest, pack: ModelPack, judge: Judge) -> Figures:
    """Edit a clip and measure the file."""
    edit = prepare_edit(request, pack)
    passes = count_evaluations(edit)
    end: EditDone | None = None
    began = clock("cpu")
    for event in run_edit(edit):
        if isinstance(event, EditDone):
            end = event
    seconds = clock("cpu") - began
    events = measure_edit(request, request.output, judge, "fire", pack)
    measures = next(e for e in events if isinstance(e, EditMeasures))
    assert end is not None
    assert measures.region is not None
    after = [chance for chance in measures.after if chance is not None]
    return Figures(
        request.recipe.window.stride,
        passes,
        seconds,
        float(np.mean(after)),
        measures.region.ratio,
        measures.motion,
        None if end.seams is None else end.seams.ratio,
    )


def rows_of(name: str, all_figures: Sequence[Figures]) -> list[str]:
    """Lines of the table, for one clip."""
    base = all_figures[0]
    return [
        f"| `{name}` | {f.stride} | {f.passes} | {f.seconds:.1f} | {base.seconds / f.seconds:.2f} | "
        f"{f.judged:.3f} | {100 * (f.judged / base.judged - 1):+.1f} % | {f.warp_ratio:.2f} | {f.motion:.4f} | "
        f"{'-' if f.seam is None else f'{f.seam:.2f}'} |"
        for f in all_figures
    ]


def flow_row(path: Path, frames: int) -> str:
    """A line of the other table: how far the source is from itself, carried over some frames by either kind of flow."""
    clip = frames_of(path, frames)
    box = Box(0, 0, clip.shape[2], clip.shape[1])
    scene, flow = to_model(clip, box, edit_size(box, 96, 16)), DISFlow()
    steps = estimate_pairs(scene, flow)
    cells = []
    for apart in APART:
        errors = []
        for i in range(apart, len(scene), 3):
            direct = estimate_pairs(scene[[i - apart, i]], flow)
            path_back, seen = steps.flow_bwd[i - 1 : i], steps.visible_bwd[i - 1 : i]
            for j in range(i - 1, i - apart, -1):
                seen = seen * (warp(steps.visible_bwd[j - 1 : j], path_back) > 0.5)
                path_back = path_back + warp(steps.flow_bwd[j - 1 : j], path_back)
            both = seen * direct.visible_bwd
            ways = [warp(scene[[i - apart]], f) - scene[i] for f in (direct.flow_bwd, path_back)]
            errors.append([float((w.abs() * both).sum() / (3 * both.sum())) for w in ways])
        cells.append("{:.4f} / {:.4f}".format(*np.nanmean(errors, 0)))
    return f"| `{path.name}` | {' | '.join(cells)} |"


def report(rows: Sequence[str], flows: Sequence[str], frames: int) -> str:
    """The page."""
    return f"""# Editing every k-th frame

Written by `python bench/stride.py`: {frames} frames of each clip, preset `fast`, embedded models, a recording of a fire. Seconds
are of processor time on one core, of a whole edit but for loading the models; the first one also warms up. The judge's
probability of fire is the mean over all frames of the finished file, those between keyframes too, and so are the other figures:
the warp error inside the region beside the source's, what the edit moves on its own, and the seam (one window has none).

| clip | stride | passes of a frame | seconds | speed-up | judge | beside stride 1 | warp error | own motion | seam |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}

## Which flow

The flow between a frame and its keyframe can be measured directly, or added up from neighbour to
neighbour. Mean difference, in units of [-1, 1], of a source frame and an earlier one carried onto it, DIS at 96 pixels, where
both ways take it to be visible: measured / put together.

| clip | {" | ".join(f"{apart} frames" for apart in APART)} |
|---|{"---:|" * len(APART)}
{chr(10).join(flows)}

Machine: {machine()}.
"""


def frames_of(path: Path, stop: int) -> np.ndarray:
    """The first frames of a video."""
    with VideoReader(path) as reader:
        return np.stack([frame.rgb for frame in reader.frames(0, stop)])


def recipe_of(stride: int, settings: Sequence[str]) -> Recipe:
    """The preset at a stride."""
    return override(load_preset("fast"), [f"window.stride={stride}", *settings])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("/work/shared/data"))
    parser.add_argument("--frames", type=int, default=28)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    pack, judge = load_pack("embedded"), Judge.from_package()
    rows, strips = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, ellipse in CLIPS.items():
            clip = options.data / "clips" / name
            found = []
            strips.append(row("source", frames_of(clip, options.frames)))
            for stride in STRIDES:
                request = EditRequest(
                    video=clip,
                    sound=str(options.data / "sounds" / SOUND),
                    output=Path(folder) / f"{clip.stem}-{stride}.mp4",
                    mask=MaskRequest(ellipse=ellipse),
                    recipe=recipe_of(stride, options.set),
                    end=str(options.frames),
                )
                found.append(edit_clip(request, pack, judge))
                print(rows_of(name, found)[-1], flush=True)
                strips.append(row(f"stride {stride}", frames_of(request.output, options.frames)))
            rows += rows_of(name, found)
    flows = [flow_row(options.data / "clips" / name, options.frames) for name in FLOW_CLIPS]
    page = report(rows, flows, options.frames)
    print(page)
    if options.output is not None:
        options.output.write_text(page)
    if options.sheet is not None:
        sheet(strips, options.sheet)


if __name__ == "__main__":
    main()
