"""``soundini train judge``: the classifier that measures edits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg


@dataclass(frozen=True, kw_only=True)
class TrainJudge:
    """Fit the judge, which measures what edits show, on photographs that no other training sees."""

    data: Positional[Annotated[Path, arg(metavar="DATA")]]
    """A folder with images.csv (columns path and label)."""
    output: Annotated[Path, arg(metavar="FOLDER", aliases=("-o",))]
    """Where judge.safetensors and judge.json go."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """A setting of the fit, such as crops=2000."""

    def run(self) -> int:
        """Fit, measure and write."""
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from soundini.config.presets import override
        from soundini.events import PicturesSeen
        from soundini.training.judge import JudgeRecipe, fit_judge, write_judge

        recipe = override(JudgeRecipe(), self.set)
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            task = progress.add_task("looking at pictures", total=None)
            for event in fit_judge(self.data, recipe):
                if isinstance(event, PicturesSeen):
                    progress.update(task, completed=event.done, total=event.total)
                else:
                    write_judge(event, self.output)
                    for name, measured in event.card["held_out"].items():
                        progress.print(
                            f"held-out pictures, {name}: {measured['accuracy']:.1%} right, "
                            f"{measured['balanced']:.1%} with classes counting alike"
                        )
        return 0
