"""``soundini benchmark``, methods side by side in one report; and ``soundini study``, which asks people which they prefer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.benchmark.distances import DistanceTable
    from soundini.benchmark.jobs import Result
    from soundini.benchmark.suite import Suite
    from soundini.metrics.i3d import I3D

BUILTIN = "builtin"


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Edit clips by sounds with several methods or settings, measure all, and write one report.

    A run that was stopped goes on where it was.
    """

    suite: Positional[Annotated[str, arg(metavar="SUITE.yaml|builtin")]]
    """The suite: what is compared, and on which clips; builtin needs no files."""
    run_folder: Annotated[Path, arg(name="run", metavar="FOLDER")]
    """Where the edits, jobs.csv and report.html go."""
    data: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Folder of the suite's videos and sounds; by default the suite's own."""
    photographs: Annotated[Path | None, arg(metavar="DATA")] = None
    """A folder with images.csv; the distance of edits to its held-out photographs of the sound's class is measured too."""
    i3d: Annotated[Path | None, arg(metavar="FILE")] = None
    """Weights of I3D (Kinetics-400), which you provide; FVD between edited clips and source clips is measured too."""
    page: Annotated[Path | None, arg(metavar="PAGE.md")] = None
    """Write a page for the docs too; its pictures go to images/benchmark beside it."""
    models: Annotated[str, arg(metavar="PACK")] = "embedded"
    """The models of all edits."""

    def run(self) -> int:
        """Do all jobs, then write the report.

        Returns:
            0; 1 where a job failed.
        """
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from soundini.benchmark.builtin import make_builtin
        from soundini.benchmark.distances import clip_distances, photograph_distances
        from soundini.benchmark.jobs import plan_jobs, run_jobs
        from soundini.benchmark.report import write_reports
        from soundini.benchmark.suite import load_suite
        from soundini.benchmark.summary import write_csv
        from soundini.judge import Judge

        if self.page is not None and self.page.suffix.lower() != ".md":
            raise ConfigError(
                "{page}: the page is Markdown; choose a name that ends in .md", page=self.page
            )
        builtin = self.suite == BUILTIN
        path = make_builtin(self.run_folder / BUILTIN) if builtin else Path(self.suite)
        folder = self.data or path.parent
        suite, judge = load_suite(path, folder), Judge.from_package()
        for sound in suite.sounds:
            judge.columns(sound)  # an unknown model is refused before any work
        network = self._video_network(suite)
        self.run_folder.mkdir(parents=True, exist_ok=True)
        jobs = plan_jobs(suite, folder, self.run_folder, self.models)
        results: list[Result] = []
        failed: list[str] = []
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            task = progress.add_task("edits", total=len(jobs))
            for event in run_jobs(jobs, judge):
                if event.result is not None:
                    results.append(event.result)
                    write_csv(self.run_folder / "jobs.csv", results)
                else:
                    name = f"{event.job.clip.name} by {event.job.sound}, {event.job.variant}"
                    failed.append(f"{name}: {event.error}")
                progress.update(task, completed=event.done)
        distances: list[DistanceTable] = []
        if self.photographs is not None and results:
            distances += photograph_distances(jobs, results, self.photographs, judge)
        if network is not None and results:
            distances.append(clip_distances(jobs, results, network))
        report = write_reports(
            suite, jobs, results, failed, self._command(), self.run_folder, self.page, distances
        )
        for line in failed:
            print(f"failed  {line}")
        print(report)
        return 1 if failed else 0

    def _video_network(self, suite: Suite) -> I3D | None:
        """The network of FVD, if it is asked for and the suite has enough clips."""
        if self.i3d is None:
            return None
        from soundini.metrics.i3d import I3D, MIN_FRAMES
        from soundini.weights.vision import read_i3d

        if len(suite.clips) < 2 or suite.frames < MIN_FRAMES:
            raise ConfigError(
                "FVD needs two clips or more of {least} frames or more; add some, or leave out --i3d",
                least=MIN_FRAMES,
            )
        return I3D.from_state(read_i3d(self.i3d, I3D().layout()))

    def _command(self) -> str:
        """The command as a report tells it, without the folders of this machine."""
        words = ["soundini", "benchmark", self.suite, "--run", "FOLDER"]
        words += ["--data", "DATA"] * (self.data is not None)
        words += ["--photographs", "DATA"] * (self.photographs is not None)
        words += ["--i3d", "FILE"] * (self.i3d is not None)
        return shlex.join([*words, *(["--models", self.models] * (self.models != "embedded"))])


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
