"""``soundini data``: the folders that models are trained on."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg


@dataclass(frozen=True)
class Data:
    """List or check a folder of training data.

    ``index`` writes images.csv and sounds.csv from images/LABEL/ and sounds/LABEL/; ``check`` reads every file that they
    list, names the damaged ones, and counts the files for training, for the judge and held out.
    """

    what: Positional[Literal["index", "check"]]
    """What to do."""
    folder: Positional[Annotated[Path, arg(metavar="DATA")]]
    """The data folder."""

    def run(self) -> int:
        """List or check the folder; return 1 if a file is damaged."""
        from soundini.training.manifest import index_folder

        if self.what == "check":
            return self._check()
        for path, count in index_folder(self.folder):
            print(f"{path}: {count} files")
        return 0

    def _check(self) -> int:
        from rich.console import Console
        from rich.table import Table

        from soundini.errors import MediaError
        from soundini.training.manifest import KINDS, KNOWN_LABELS, check_manifest

        there = [kind for kind in KINDS if (self.folder / f"{kind}.csv").exists()]
        if not there:
            raise MediaError(
                "{folder} has neither images.csv nor sounds.csv; soundini data index {folder} makes them",
                folder=self.folder,
            )
        damaged = 0
        for kind in there:
            report = check_manifest(self.folder, kind)
            table = Table("label", "train", "judge", "held out", title=kind)
            for label in sorted({label for label, _ in report.counts}):
                row = [str(report.counts[label, side]) for side in ("train", "judge", "held_out")]
                table.add_row(label, *row)
            Console().print(table)
            self._tell(report.unknown, sorted(KNOWN_LABELS[kind]))
            for line in report.damaged:
                print(f"damaged: {line}")
            damaged += len(report.damaged)
        return 1 if damaged else 0

    def _tell(self, unknown: Counter[str], known: list[str]) -> None:
        if unknown:
            named = ", ".join(f"{label} ({count})" for label, count in unknown.most_common())
            print(
                f"left out, as no training knows the label: {named}; known are {', '.join(known)}"
            )
