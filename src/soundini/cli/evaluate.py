"""``soundini evaluate``: measures models on held-out material and writes a page of figures."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.evaluation.subject import Subject
    from soundini.events import ItemMeasured
    from soundini.packs.pack import ModelPack

Part = Literal["spaces", "edits", "loudness", "coherence", "prior"]
PARTS: tuple[Part, ...] = ("spaces", "edits", "loudness", "coherence", "prior")


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure models on held-out sounds, pictures and clips, and write a page that says which targets they meet."""

    what: Positional[Literal["embedded"]]
    """The kind of models, as ``soundini train`` names them."""
    data: Positional[Annotated[Path, arg(metavar="DATA")]]
    """A folder with images.csv, sounds.csv (columns path and label) and a folder named clips."""
    run_folder: Annotated[Path, arg(name="run", metavar="FOLDER")]
    """Folder of the results; an interrupted evaluation goes on from there."""
    output: Annotated[Path, arg(metavar="PAGE.md", aliases=("-o",))] = Path(
        "docs/evaluation-embedded.md"
    )
    """The page; its pictures go to images/evaluation beside it."""
    models: Annotated[str, arg(metavar="PACK")] = "embedded"
    """The models."""
    baseline: Annotated[str | None, arg(metavar="PACK")] = None
    """Models whose prior the prior is compared to."""
    part: UseAppendAction[tuple[Part, ...]] = ()
    """Parts to measure; by default all."""
    clips: Annotated[Path, arg(metavar="YAML")] = Path("bench/embedded_clips.yaml")
    """The clips to edit, and their regions."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """A setting of the evaluation, such as frames=7."""

    def run(self) -> int:
        """Measure what was asked for and write the page."""
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from soundini.evaluation.report import write_report

        if self.output.suffix.lower() != ".md":
            raise ConfigError(
                "{output}: the page is Markdown; choose a name that ends in .md", output=self.output
            )
        subject = self._subject()
        found: dict[str, list[Any]] = {}
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            for part in dict.fromkeys(self.part or PARTS):
                task = progress.add_task(part, total=None)
                for event in self._measure(part, subject):
                    found.setdefault(part, []).append(event.figures)
                    progress.update(task, completed=event.done, total=event.total)
        self.output.parent.mkdir(parents=True, exist_ok=True)
        targets = write_report(subject, found, self._command(), self.output)
        for target in targets:
            print(f"{'met    ' if target.met else 'not met'} {target.found:.3f}  {target.says}")
        print(self.output)
        return 0

    def _subject(self) -> Subject:
        from soundini.config.presets import override
        from soundini.evaluation.clips import load_clips
        from soundini.evaluation.journal import Journal
        from soundini.evaluation.subject import EvaluationSettings, Subject
        from soundini.judge import Judge

        settings = override(EvaluationSettings(), self.set)
        settings.recipe()  # a wrong setting of the edits is refused before anything is measured
        return Subject(
            data=self.data,
            clips_folder=self.data / "clips",
            clips=load_clips(self.clips),
            pack=_load(self.models),
            judge=Judge.from_package(),
            settings=settings,
            journal=Journal(self.run_folder),
        )

    def _measure(self, part: Part, subject: Subject) -> Iterator[ItemMeasured]:
        from soundini.evaluation.coherence import evaluate_coherence
        from soundini.evaluation.edits import evaluate_edits
        from soundini.evaluation.loudness import evaluate_loudness
        from soundini.evaluation.prior import evaluate_prior
        from soundini.evaluation.spaces import evaluate_spaces

        if part == "prior":
            return evaluate_prior(subject, _load(self.baseline) if self.baseline else None)
        parts = {
            "spaces": evaluate_spaces,
            "edits": evaluate_edits,
            "loudness": evaluate_loudness,
            "coherence": evaluate_coherence,
        }
        return parts[part](subject)

    def _command(self) -> str:
        """The command as the page shows it: options that change the figures, without the folders of this machine."""
        words = ["soundini", "evaluate", self.what, "DATA", "--run", "FOLDER"]
        words += ["--models", self.models] * (self.models != "embedded")
        words += ["--baseline", "PACK"] * (self.baseline is not None)
        words += [word for part in self.part for word in ("--part", part)]
        words += [word for setting in self.set for word in ("--set", setting)]
        return shlex.join(words)


def _load(name: str) -> ModelPack:
    """A pack in the dtype that an edit uses on this machine."""
    from soundini.compute import pick_device, pick_dtype
    from soundini.packs.loading import load_pack

    return load_pack(name, dtype=pick_dtype("auto", pick_device("cpu")))
