"""``soundini measure``: the figures of one edited file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
from tyro.conf import Positional, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.evaluation.measures import EditMeasures
    from soundini.events import SeamFigures, TemporalFigures


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Measure an edit against its source: coherence, fidelity, likeness to the sound, timing."""

    video: Positional[Annotated[Path, arg(metavar="EDITED.mp4")]]
    """A video that soundini wrote, with its .recipe.json beside it."""
    recipe: Annotated[Path | None, arg(metavar="FILE")] = None
    """The recipe, if it is elsewhere."""
    sound_class: Annotated[str | None, arg(metavar="NAME")] = None
    """The sound's class (fire, rain, ...; fire-to-rain if it turns); by default what the models hear."""
    json: Annotated[Path | None, arg(metavar="FILE")] = None
    """Also write all figures here, with curves over the frames."""

    def run(self) -> int:
        """Measure and print."""
        from soundini.cli.record import Record
        from soundini.editing.request import sidecar_path
        from soundini.evaluation.measure import measure_edit
        from soundini.evaluation.measures import EditMeasures
        from soundini.judge import Judge

        record = Record.read(self.recipe or sidecar_path(self.video))
        if record is None:
            raise ConfigError("that recipe names no video; name the one written beside the output")
        found: EditMeasures | None = None
        console = Console(soft_wrap=True)
        judge = Judge.from_package()
        with console.status("measuring") as status:
            for event in measure_edit(record.request, self.video, judge, self.sound_class):
                if isinstance(event, EditMeasures):
                    found = event
                else:
                    status.update(f"measuring {event.done}/{event.total}")
        assert found is not None
        seams = record.seams_of(self.video)
        print(table(found, seams))
        if self.json is not None:
            _write(self.json, found, seams)
        return 0


def table(found: EditMeasures, seams: SeamFigures | None = None) -> str:
    """The figures, one line each.

    Args:
        found: what was measured.
        seams: the recipe's figures of the borders between windows.
    """
    before, after = found.probability
    similar = [_number(value, 4) for value in found.similarity]
    scores = [_number(value, 3) for value in found.joint_score]
    lines = {
        "frames": str(len(found.change)),
        "warp error, region": _temporal(found.region),
        "warp error, frame": _temporal(found.whole),
        "moves on its own": _motion(found.motion),
        "neighbours alike": f"source {similar[0]}, edited {similar[1]} (cosine of ImageNet features, region)",
        "PSNR outside": f"{_number(found.psnr_outside, 1)} dB",
        "SSIM outside": _number(found.ssim_outside, 4),
        "perceptual outside": f"{_number(found.perceptual_outside, 4)} ({found.perceptual})",
        f"looks like {found.sound}": f"source {before:.2f}, edited {after:.2f} (the judge's probability, region)",
        "follows loudness": f"{found.follows_loudness:.2f} (rank correlation with the change)",
        "peaks align": f"{_number(found.peaks_align, 2)} (AV-Align of loudness and change)",
    }
    if found.follows_turn is not None:
        lines["follows the turn"] = f"{found.follows_turn:.2f} (rank correlation with time)"
    if seams is not None:
        lines["seams"] = (
            f"border {seams.border:.2f}, elsewhere {seams.elsewhere:.2f}, ratio {seams.ratio:.2f} "
            "(grey levels, before encoding, as the recipe says)"
        )
    lines["by what guided it"] = (
        f"joint space: source {scores[0]}, edited {scores[1]} (cosine with the sound; compares nothing)"
    )
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())


def _temporal(figures: TemporalFigures | None) -> str:
    if figures is None:
        return "no two frames to compare"
    return f"source {figures.source:.4f}, edited {figures.edited:.4f}, ratio {figures.ratio:.2f}"


def _motion(share: float | None) -> str:
    if share is None:
        return "no two frames to compare"
    return f"{share:.2%} of the frame's shorter side a frame (region, beside the source's flow)"


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


def _write(path: Path, found: EditMeasures, seams: SeamFigures | None) -> None:
    from soundini.media.output import write_whole

    content = found.record() | {
        "probability": found.probability,
        "follows_loudness": found.follows_loudness,
        "follows_turn": found.follows_turn,
        "peaks_align": found.peaks_align,
        "seams": None if seams is None else {**asdict(seams), "ratio": seams.ratio},
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")
