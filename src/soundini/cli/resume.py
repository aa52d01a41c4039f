"""``soundini resume``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from soundini.cli.options import Output


@dataclass(frozen=True)
class Resume:
    """Resume an edit that was stopped, killed, or ran out of disk; the result is the same, byte for byte."""

    job: Positional[Annotated[str, arg(metavar="JOB", help_behavior_hint="")]]
    """Its name, as "soundini jobs" lists it, or its folder."""
    output: Output = None
    """Another place for the MP4."""
    preview_file: Annotated[Path | None, arg(metavar="FILE.png", help_behavior_hint="")] = None
    """A PNG that shows the work in progress, rewritten at most twice a second."""

    def run(self) -> int:
        """Do the rest of the edit."""
        from soundini.cli.job import resume

        resume(self.job, self.output, self.preview_file)
        return 0
