"""Jobs in words: what the list and the result say of them."""

from __future__ import annotations

import math
from typing import Any

from soundini.web.page.texts import Texts
from soundini.web.views import JobState, JobView, Summary

JOBS = "/api/v1/jobs"
BUSY: tuple[JobState, ...] = ("queued", "running")
_ACTIONS: dict[JobState, tuple[str, ...]] = {
    "queued": ("cancel",),
    "running": ("cancel",),
    "interrupted": ("resume", "delete"),
    "cancelled": ("resume", "delete"),
    "failed": ("resume", "delete"),
    "done": ("delete",),
}
_MINUTE = 90
"""Seconds from which a time is told in minutes."""


def job_row(texts: Texts, job: JobView, shown: str | None) -> dict[str, Any]:
    """A job as the list shows it."""
    return {
        "id": job.id,
        "label": job.label,
        "state": job.state,
        "word": texts[f"state.{job.state}"],
        "detail": job_words(texts, job),
        "fraction": _fraction(job) if job.state != "done" else None,
        "actions": _ACTIONS[job.state],
        "shown": job.id == shown,
    }


def job_result(texts: Texts, job: JobView, preview: str) -> dict[str, Any]:
    """A job as the result shows it.

    Args:
        texts: the words.
        job: the job.
        preview: address of the picture as it forms, or nothing.
    """
    place = f"{JOBS}/{job.id}"
    return {
        "job": job.id,
        "state": job.state,
        "detail": job_words(texts, job),
        "fraction": _fraction(job),
        "losses": [[_loss(texts, name), f"{v:.3f}"] for name, v in job.losses.items()],
        "preview": preview,
        "still": job.scope == "frame",
        "video": f"{place}/video",
        "source": f"{place}/source",
        "recipe": f"{place}/recipe",
        "summary": _figures(texts, job.summary) if job.summary is not None else [],
        "warnings": list(job.summary.warnings) if job.summary is not None else [],
    }


def job_words(texts: Texts, job: JobView) -> str:
    """How a job stands, in a line."""
    if job.state == "queued" and (job.queue_place or 0) > 1:
        return texts("job.queue", place=job.queue_place)
    if job.state in BUSY:
        if not job.step and job.masks is not None:
            return texts("job.masks", percent=f"{100 * job.masks:.0f}")
        if not job.step:
            return texts["job.starting"]
        words = texts("job.steps", step=job.step, steps=job.steps)
        return words if job.eta_seconds is None else f"{words} · {_left(texts, job.eta_seconds)}"
    if job.state == "failed":
        return texts("job.failed", error=job.error)
    if job.state == "done":
        seconds = f"{job.summary.seconds:.1f}" if job.summary is not None else "0"
        return texts("job.done", scope=texts[f"scope.{job.scope}"], seconds=seconds)
    return texts[f"job.{job.state}"]


def _left(texts: Texts, seconds: float) -> str:
    if seconds < _MINUTE:
        return texts("job.eta_seconds", count=max(1, math.ceil(seconds)))
    return texts("job.eta_minutes", count=math.ceil(seconds / 60))


def _fraction(job: JobView) -> float | None:
    return min(1.0, job.step / job.steps) if job.steps else job.masks


def _loss(texts: Texts, name: str) -> str:
    return texts.get(f"loss.{name}", name)


def _figures(texts: Texts, summary: Summary) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each figure that there is."""
    sound = summary.losses.get("sound")
    found = {
        "temporal": f"{summary.temporal:.2f}" if summary.temporal is not None else "",
        "semantic": f"{sound:.3f}" if sound is not None else "",
        "seams": f"{summary.seams:.2f}" if summary.seams is not None else "",
        "cost": texts("summary.cost_value", seconds=f"{summary.seconds:.1f}"),
    }
    notes = {name: texts(f"summary.{name}_note", frames=summary.frames) for name in found}
    return [(texts[f"summary.{name}"], v, notes[name]) for name, v in found.items() if v]
