"""The edits of a benchmark: each done once, measured, and kept in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundini.benchmark.suite import Suite
from soundini.compute import pick_device, pick_dtype
from soundini.editing.files import prepare_edit, run_edit
from soundini.editing.methods import evaluations, weight_hashes
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import SoundiniError
from soundini.evaluation.clips import EvaluationClip
from soundini.evaluation.journal import Journal
from soundini.evaluation.measure import EditMeasures, measure_edit
from soundini.events import EditDone
from soundini.judge import Judge
from soundini.media.output import PartialFile
from soundini.packs.pack import ModelPack, file_hash, load_pack

EDITED, FIGURES = "edited.mp4", "figures.json"


@dataclass(frozen=True)
class Job:
    """One clip by one sound with one variant.

    Args:
        clip: the clip and its region.
        sound: class of the sound.
        variant: name of the variant.
        request: the edit; its output lies in the job's folder.
    """

    clip: EvaluationClip
    sound: str
    variant: str
    request: EditRequest

    @property
    def folder(self) -> Path:
        """Where the job's files lie."""
        return self.request.output.parent


@dataclass(frozen=True)
class Result:
    """What a job came to.

    Args:
        clip: name of the clip.
        sound: class of the sound.
        variant: name of the variant.
        seconds: wall time of the sampling.
        evaluations: passes of the network over each frame.
        measures: the figures.
        folder: the job's folder.
    """

    clip: str
    sound: str
    variant: str
    seconds: float
    evaluations: int
    measures: EditMeasures
    folder: Path

    def row(self) -> dict[str, str | float | None]:
        """The figures that tables show, by name."""
        found = self.measures
        before, after = found.probability
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
            "neighbours": found.similarity[1],
            "psnr_outside": found.psnr_outside,
            "ssim_outside": found.ssim_outside,
            "follows_loudness": found.follows_loudness,
            "peaks_align": found.peaks_align,
            "seconds": self.seconds,
            "evaluations": self.evaluations,
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
    """Name every job and its folder, which depends on all that its figures depend on but the models' weights.

    Args:
        suite: what is compared.
        folder: where the suite's files lie.
        run: where the jobs' folders lie.
        models: name of the pack.
    """
    hashes = {name: file_hash(folder / file) for name, file in suite.sounds.items()}
    jobs = []
    for clip in suite.clips:
        video = folder / clip.clip
        digest = file_hash(video)
        for sound, file in suite.sounds.items():
            for variant in suite.variants:
                recipe = suite.recipe(variant)
                depends_on = {
                    "clip": [digest, clip.model_dump()],
                    "sound": [sound, hashes[sound]],
                    "recipe": recipe.model_dump(mode="json"),
                    "frames": suite.frames,
                    "models": models,
                }
                name = f"{clip.name}-{sound}-{variant}-{Journal.key(depends_on)[:8]}"
                request = EditRequest(
                    video=video,
                    sound=str(folder / file),
                    output=run / name / EDITED,
                    mask=_mask(clip, folder),
                    recipe=recipe,
                    models=models,
                    end=str(suite.frames),
                )
                jobs.append(Job(clip, sound, variant, request))
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
    compute = jobs[0].request.recipe.compute
    device = pick_device(compute.device)
    pack = load_pack(jobs[0].request.models, device=device, dtype=pick_dtype(compute.dtype, device))
    for number, job in enumerate(jobs, 1):
        try:
            weights = weight_hashes(pack, job.request.recipe)
            yield JobDone(number, len(jobs), job, _result(job, pack, weights, judge))
        except SoundiniError as error:
            yield JobDone(number, len(jobs), job, error=str(error))


def _result(job: Job, pack: ModelPack, weights: Mapping[str, str], judge: Judge) -> Result:
    path = job.folder / FIGURES
    kept: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    if kept is None or kept["weights"] != weights or not job.request.output.exists():
        kept = {**_do(job, pack, judge), "weights": dict(weights)}
        with PartialFile(path) as file:
            file.partial.write_text(json.dumps(kept, indent=1) + "\n")
            file.commit()
    return Result(
        job.clip.name,
        job.sound,
        job.variant,
        kept["seconds"],
        kept["evaluations"],
        EditMeasures.of_record(kept["measures"]),
        job.folder,
    )


def _do(job: Job, pack: ModelPack, judge: Judge) -> dict[str, Any]:
    job.folder.mkdir(parents=True, exist_ok=True)
    end: EditDone | None = None
    for event in run_edit(prepare_edit(job.request, pack)):
        if isinstance(event, EditDone):
            end = event
    measures: EditMeasures | None = None
    for event in measure_edit(job.request, job.request.output, judge, job.sound, pack):
        if isinstance(event, EditMeasures):
            measures = event
    assert end is not None
    assert measures is not None
    return {
        "seconds": end.seconds,
        "evaluations": evaluations(job.request.recipe, pack.denoiser.schedule.num_timesteps),
        "measures": measures.record(),
    }


def _mask(clip: EvaluationClip, folder: Path) -> MaskRequest:
    if clip.mask is not None:
        return MaskRequest(paths=(str(folder / clip.mask),))
    return MaskRequest(box=clip.box, ellipse=clip.ellipse)
