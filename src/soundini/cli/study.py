"""``soundini study``: asking people which edit they prefer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from soundini.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Make:
    """Make a page of anonymous pairs from the edits of a benchmark for viewers to vote on; it needs no server."""

    suite: Positional[Annotated[Path, arg(metavar="SUITE.yaml")]]
    """The suite that was run; its first variant is compared with each of the others."""
    run_folder: Annotated[Path, arg(name="run", metavar="FOLDER")]
    """The folder of that run."""
    output: Annotated[Path, arg(metavar="PAGE.html", aliases=("-o",))]
    """The page. The names of the variants go to a .key.json beside it, which viewers must not see."""
    data: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Folder of the suite's videos and sounds; by default the suite's own."""
    models: Annotated[str, arg(metavar="PACK")] = "embedded"
    """The models of that run."""
    seed: int = 0
    """Seed of the order of the pairs."""

    def run(self) -> int:
        """Write the page and its key."""
        from soundini.benchmark.jobs import plan_jobs
        from soundini.benchmark.study import key_path, write_study
        from soundini.benchmark.suite import load_suite

        if self.output.suffix.lower() != ".html":
            raise ConfigError(
                "{output}: the page is HTML; choose a name that ends in .html", output=self.output
            )
        folder = self.data or self.suite.parent
        suite = load_suite(self.suite, folder)
        jobs = plan_jobs(suite, folder, self.run_folder, self.models)
        count = write_study(jobs, self.output, self.seed)
        print(f"{self.output}: {count} pairs; the names behind them: {key_path(self.output)}")
        return 0


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Count the votes that viewers saved."""

    key: Positional[Annotated[Path, arg(metavar="STUDY.key.json")]]
    """The key file with the names behind the pairs."""
    votes: Positional[Annotated[tuple[Path, ...], arg(metavar="VOTES.json...")]]
    """The files that viewers saved."""

    def run(self) -> int:
        """Print a line for each question and pair of variants."""
        from soundini.benchmark.study import tally

        for found in tally(self.key, self.votes):
            interval = f"{found.low:.0%} to {found.high:.0%}, {found.votes} votes"
            names = f"{found.variant} preferred to {found.other}"
            print(f"{found.question:<10}{names}: {found.share:.0%} ({interval})")
        return 0


What = (
    Annotated[Make, tyro.conf.subcommand("make")] | Annotated[Tally, tyro.conf.subcommand("tally")]
)


@dataclass(frozen=True)
class Study:
    """Ask people which edit they prefer."""

    what: What

    def run(self) -> int:
        """Run the chosen subcommand."""
        return self.what.run()
