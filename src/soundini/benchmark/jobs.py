"""The edits of a benchmark: each done once, measured, and kept in a folder of its own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from soundini.benchmark.memory import PeakMemory
from soundini.benchmark.suite import Suite
from soundini.benchmark.turning import HEARD, LEAD, write_turning
from soundini.compute import pick_device, pick_dtype
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.files import ModelCache, prepare_edit, run_edit
from soundini.editing.methods import evaluations_a_frame, weight_hashes
from soundini.editing.plan import longest_span
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import SoundiniError
from soundini.evaluation.clips import EvaluationClip
from soundini.evaluation.journal import Journal
from soundini.evaluation.measure import measure_edit
from soundini.evaluation.measures import EditMeasures
from soundini.evaluation.report import machine
from soundini.events import EditDone, SeamFigures
from soundini.judge import Judge
from soundini.media.output import write_whole
from soundini.packs.pack import ModelPack, file_hash
from soundini.settings_files import read_json

EDITED, FIGURES = "edited.mp4", "figures.json"
_TURNING = "turning.wav"
_KEPT = frozenset(
    ("seconds", "evaluations", "memory", "device_memory", "seams", "measures", "made_by")
)
"""What the figures of a job name; those of a release that measured something else do not count."""


def made_by(request: EditRequest, models: ModelCache) -> dict[str, Any]:
    """Return the weights, machine, device and dtype that an edit's bytes, seconds and memory depend on.

    Figures that something else made do not count as done.
    """
    compute = request.recipe.compute
    device = pick_device(compute.device)
    on = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    dtype = str(pick_dtype(compute.dtype, device) or torch.float32)
    weights = weight_hashes(models.open(request), request.recipe)
    return {"weights": weights, "machine": machine(), "device": on, "dtype": dtype}


@dataclass(frozen=True)
class Job:
    """One clip by one sound with one variant.

    Args:
        clip: the clip and its region.
        sound: class of the sound, or both of one that turns.
        variant: name of the variant.
        request: the edit; its output lies in the job's folder, and so does a sound that turns.
        recordings: what a sound that turns is made of; empty for others.
    """

    clip: EvaluationClip
    sound: str
    variant: str
    request: EditRequest
    recordings: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the job's files lie."""
        return self.request.output.parent


@dataclass(frozen=True)
class Result:
    """The result of a job.

    Args:
        clip: name of the clip.
        sound: class of the sound.
        variant: name of the variant.
        seconds: wall time of the sampling.
        evaluations: passes of the network over each frame.
        memory: resident bytes of the process at the edit's highest, see :class:`soundini.benchmark.memory.PeakMemory`; or None.
        device_memory: bytes of tensors on a CUDA device at its highest, or None.
        seams: how much the edit changes across borders of windows, before it was encoded; None for a single window.
        measures: the figures.
        folder: the job's folder.
    """

    clip: str
    sound: str
    variant: str
    seconds: float
    evaluations: float
    memory: int | None
    device_memory: int | None
    seams: SeamFigures | None
    measures: EditMeasures
    folder: Path

    def row(self) -> dict[str, str | float | None]:
        """The figures that tables show, by name."""
        found = self.measures
        before, after = found.probability
        of_lpips = found.perceptual.startswith("lpips")
        return {
            "clip": self.clip,
            "sound": self.sound,
            "variant": self.variant,
            "judge_before": before,
            "judge_after": after,
            "judge_rise": after - before,
            "warp_source": found.region.source if found.region else None,
            "warp_edited": found.region.edited if found.region else None,
            "warp_edited_frame": found.whole.edited if found.whole else None,
            "motion": None if found.motion is None else 100 * found.motion,
            "neighbours": found.similarity[1],
            "psnr_outside": found.psnr_outside,
            "ssim_outside": found.ssim_outside,
            "lpips_outside": found.perceptual_outside if of_lpips else None,
            "imagenet_outside": None if of_lpips else found.perceptual_outside,
            "follows_loudness": found.follows_loudness,
            "peaks_align": found.peaks_align,
            "follows_turn": found.follows_turn,
            "seam": self.seams.ratio if self.seams else None,
            "seam_border": self.seams.border if self.seams else None,
            "seam_elsewhere": self.seams.elsewhere if self.seams else None,
            "seconds": self.seconds,
            "evaluations": self.evaluations,
            "memory": None if self.memory is None else self.memory / 2**30,
            "device_memory": None if self.device_memory is None else self.device_memory / 2**30,
            "joint_before": found.joint_score[0],
            "joint_after": found.joint_score[1],
        }


@dataclass(frozen=True)
class JobDone:
    """A job is finished, now or in an earlier run, or has failed.

    Args:
        done: jobs until now.
        total: jobs in all.
        job: which.
        result: what it came to; None where it failed.
        error: why it failed, one line.
    """

    done: int
    total: int
    job: Job
    result: Result | None = None
    error: str = ""


def plan_jobs(suite: Suite, folder: Path, run: Path, models: str) -> list[Job]:
    """Name every job and its folder, which depends on all that is compared: media, masks, settings, the models' name.

    What does the work (weights, device, arithmetic, machine) is in no name: a folder whose figures were made by
    something else is done anew, and ``soundini study`` finds the edits wherever the folder is carried.

    Args:
        suite: what is compared.
        folder: where the suite's files lie.
        run: where the jobs' folders lie.
        models: name of the pack.
    """
    hashes = {
        sound: [file_hash(folder / file) for file in suite.files(sound)] for sound in suite.sounds
    }
    jobs = []
    for clip in suite.clips:
        video = folder / clip.clip
        shown = [file_hash(video), clip.model_dump(), _mask_hashes(clip, folder)]
        for sound in suite.sounds:
            files = tuple(folder / file for file in suite.files(sound))
            turns = len(files) > 1
            for variant in suite.compared:
                recipe = suite.recipe(variant)
                depends_on = {
                    "clip": shown,
                    "sound": [sound, hashes[sound]],
                    "recipe": recipe.model_dump(mode="json"),
                    "frames": suite.frames,
                    "models": models,
                }
                name = f"{clip.name}-{sound}-{variant}-{Journal.key(depends_on)[:8]}"
                request = EditRequest(
                    video=video,
                    sound=str(run / name / _TURNING if turns else folder / suite.files(sound)[0]),
                    output=run / name / EDITED,
                    mask=_mask(clip, folder),
                    recipe=_turned(recipe) if turns else recipe,
                    models=models,
                    end=str(suite.frames),
                )
                jobs.append(Job(clip, sound, variant, request, files if turns else ()))
    return jobs


def run_jobs(jobs: list[Job], judge: Judge) -> Iterator[JobDone]:
    """Do the jobs that are not done yet, one after the other; one that fails does not stop the others.

    Args:
        jobs: from :func:`plan_jobs`; all by the same models.
        judge: says what edits show.

    Yields:
        :class:`JobDone` for every job, those of earlier runs included.

    Raises:
        ModelError: the models cannot be loaded.
    """
    models = ModelCache(only_last=True)
    models.open(jobs[0].request)
    for number, job in enumerate(jobs, 1):
        try:
            yield JobDone(number, len(jobs), job, _result(job, models, judge))
        except SoundiniError as error:
            yield JobDone(number, len(jobs), job, error=str(error))


def _result(job: Job, models: ModelCache, judge: Judge) -> Result:
    maker = made_by(job.request, models)
    kept = _kept(job, maker)
    if kept is not None:
        return kept
    figures = {**_do(job, models.open(job.request), judge), "made_by": maker}
    write_whole(job.folder / FIGURES, json.dumps(figures, indent=1) + "\n")
    return _of_figures(job, figures)


def _kept(job: Job, maker: object) -> Result | None:
    """What an earlier run found; None where it found nothing, where it is damaged, or where something else made it."""
    try:
        figures = read_json(job.folder / FIGURES)
        if figures.keys() != _KEPT or figures["made_by"] != maker:
            return None
        return _of_figures(job, figures) if job.request.output.exists() else None
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None


def _of_figures(job: Job, figures: Mapping[str, Any]) -> Result:
    return Result(
        job.clip.name,
        job.sound,
        job.variant,
        figures["seconds"],
        figures["evaluations"],
        figures["memory"],
        figures["device_memory"],
        SeamFigures(**figures["seams"]) if figures["seams"] else None,
        EditMeasures.of_record(figures["measures"]),
        job.folder,
    )


def _do(job: Job, pack: ModelPack, judge: Judge) -> dict[str, Any]:
    job.folder.mkdir(parents=True, exist_ok=True)
    if job.recordings:
        frames = int(job.request.end or 0)
        write_turning(Path(job.request.sound), job.recordings, job.request.video, frames)
    end: EditDone | None = None
    with PeakMemory(pick_device(job.request.recipe.compute.device)) as peak:
        for event in run_edit(prepare_edit(job.request, pack)):
            if isinstance(event, EditDone):
                end = event
    measures: EditMeasures | None = None
    for event in measure_edit(job.request, job.request.output, judge, job.sound, pack):
        if isinstance(event, EditMeasures):
            measures = event
    assert end is not None
    assert measures is not None
    recipe = job.request.recipe
    frames = min(longest_span(recipe.window), end.frames)
    return {
        "seconds": end.seconds,
        "evaluations": evaluations_a_frame(recipe, pack, frames),
        "memory": peak.resident,
        "device_memory": peak.on_device,
        "seams": asdict(end.seams) if end.seams else None,
        "measures": measures.record(),
    }


def _turned(recipe: Recipe) -> Recipe:
    """Settings by which the sound of :func:`write_turning` is laid and heard."""
    window = recipe.sound.window or HEARD
    return override(recipe, [f"sound.offset={-LEAD}", f"sound.window={window}"])


def _mask_hashes(clip: EvaluationClip, folder: Path) -> dict[str, str]:
    """sha256 of every file of the masks, by its place in their folder; nothing of a shape."""
    if clip.mask is None:
        return {}
    root = folder / clip.mask
    files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
    return {p.relative_to(root.parent).as_posix(): file_hash(p) for p in files}


def _mask(clip: EvaluationClip, folder: Path) -> MaskRequest:
    if clip.mask is not None:
        return MaskRequest(paths=(str(folder / clip.mask),))
    return MaskRequest(box=clip.box, ellipse=clip.ellipse)
