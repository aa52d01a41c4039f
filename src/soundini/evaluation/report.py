"""The page that an evaluation writes."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from soundini.evaluation import coherence, edits, loudness, prior, spaces
from soundini.evaluation.sections import (
    Section,
    coherence_section,
    edits_section,
    loudness_section,
    prior_section,
    spaces_section,
    targets_table,
)
from soundini.evaluation.sheets import (
    chosen_before,
    write_chosen_sheets,
    write_grid,
    write_prior_sheets,
    write_sound_sheets,
)
from soundini.evaluation.subject import Subject
from soundini.evaluation.targets import Target, conclusion
from soundini.media.output import PartialFile
from soundini.packs.pack import ModelPack

IMAGES = "images/evaluation"
"""Where the page's pictures lie, beside it."""


def write_report(
    subject: Subject, found: Mapping[str, Sequence[Mapping[str, Any]]], command: str, page: Path
) -> list[Target]:
    """Write the page by atomic rename, and its pictures before it.

    Args:
        subject: what was evaluated.
        found: figures of all items of each part that was evaluated.
        command: what wrote the page.
        page: the page.

    Returns:
        All targets.
    """
    sections = [_section(part, items, subject, page) for part, items in found.items()]
    targets = [target for section in sections for target in section.targets]
    settings = "\n".join(
        f"- `{name}`: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in subject.settings.model_dump().items()
        if value != ()
    )
    text = f"""# The embedded models, evaluated

Written by `{command}`; every figure is on the held-out side of the data, which
`soundini train` never trains on (weights from elsewhere may have seen it: their model card says). Models {subject.pack.name}
(`{subject.digest}`), {arithmetic(subject.pack)} on {machine()}.

{conclusion(targets)}

{targets_table(targets)}

{chr(10).join(f"{section.text}{chr(10)}" for section in sections)}
## Settings

{settings}
"""
    with PartialFile(page) as file:
        file.partial.write_text(text)
        file.commit()
    return targets


def arithmetic(pack: ModelPack) -> str:
    """The data type of the prior's arithmetic, such as float32."""
    return str(pack.denoiser.autocast or torch.float32).removeprefix("torch.")


def machine() -> str:
    """The machine that the figures were measured on."""
    return f"{os.cpu_count()} cores ({platform.machine()}), torch {torch.__version__}"


def _section(
    part: str, items: Sequence[Mapping[str, Any]], subject: Subject, page: Path
) -> Section:
    run, folder = subject.journal.folder, page.parent / IMAGES
    if part == spaces.PART:
        return spaces_section([spaces.ZeroShot(**item) for item in items])
    if part == edits.PART:
        edited = [edits.EditFigures(**item) for item in items]
        allowed = subject.settings.shown or {edit.clip for edit in edited}
        chosen = [edit for edit in chosen_before(edited) if edit.clip in allowed]
        write_sound_sheets([edit for edit in edited if edit.clip in allowed], run, folder)
        write_chosen_sheets(chosen, run, folder)
        write_grid([edit for edit in edited if edit.clip in allowed], run, folder / "all.png")
        return edits_section(edited, chosen, IMAGES, subject.judge.recalls)
    if part == loudness.PART:
        return loudness_section([loudness.LoudnessFigures(**item) for item in items])
    if part == coherence.PART:
        return coherence_section([coherence.CoherenceFigures(**item) for item in items])
    priors = [prior.PriorFigures(**item) for item in items]
    sheets = write_prior_sheets(priors, run, folder, photographs=not subject.settings.shown)
    return prior_section(priors, sheets, IMAGES)
