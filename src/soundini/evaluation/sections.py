"""The parts of an evaluation's page: figures in, targets and Markdown out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from soundini.evaluation.edits import EditFigures
from soundini.evaluation.loudness import (
    LOUD,
    QUIET,
    SATURATED_LEVEL,
    SATURATED_RANGE,
    LoudnessFigures,
)
from soundini.evaluation.prior import LEVELS, PriorFigures, label_of
from soundini.evaluation.sheets import chosen_name
from soundini.evaluation.spaces import PROTOTYPE_PICTURES, ZeroShot
from soundini.evaluation.targets import (
    CORRELATION,
    KID_SHARE,
    PICTURES_RIGHT,
    RISE,
    RISES,
    SOUNDS_RIGHT,
    Target,
)


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Args:
        targets: what must hold.
        text: Markdown.
    """

    targets: list[Target]
    text: str


def spaces_section(found: Sequence[ZeroShot]) -> Section:
    """Zero-shot answers of the joint space."""
    bounds = {"sounds": SOUNDS_RIGHT, "pictures": PICTURES_RIGHT}
    asked = {
        "sounds": "Windows of held-out sounds that find their class by the nearest prototype of pictures",
        "pictures": "Held-out pictures of effects that find their class by the nearest prototype of sounds",
    }
    targets, parts = [], []
    for told in found:
        confusion = told.confusion
        targets.append(Target(asked[told.told], bounds[told.told], confusion.accuracy))
        sources = [
            [source, str(total), f"{right / total:.0%}"]
            for source, (right, total) in sorted(told.by_source.items(), key=lambda s: -s[1][1])
        ]
        parts.append(
            f"{asked[told.told]}: {confusion.accuracy:.1%} of {confusion.counts.sum()}; "
            f"{confusion.balanced:.1%} with classes counting alike. Rows are the truth.\n\n"
            f"{confusion.markdown()}\n\n{_table(['source', 'of', 'right'], sources)}"
        )
    rule = (
        f"A prototype is the mean embedding of a class's training sounds at full level, or of up to {PROTOTYPE_PICTURES} "
        'training pictures of each of its labels, normalised; "none" (sounds and pictures without an effect) has one like '
        "every other class. The nearest is the one with the largest cosine. Pictures are seen whole and without noise."
    )
    return Section(
        targets, "\n\n".join(["## Sounds by pictures, pictures by sounds", rule, *parts])
    )


def edits_section(
    found: Sequence[EditFigures], chosen: Sequence[EditFigures], images: str
) -> Section:
    """What edits show; those of ``chosen`` have a sheet of their own."""
    sounds, clips = _names(found, lambda e: e.sound), _names(found, lambda e: e.clip)
    by_pair = {(edit.clip, edit.sound): edit for edit in found}
    targets, means = [], []
    for sound in sounds:
        group = [edit for edit in found if edit.sound == sound]
        rise = float(np.mean([edit.rise for edit in group]))
        says = f"Rise of the judge's probability of {sound} in the region, mean over clips"
        targets.append(Target(says, RISES.get(sound, RISE), rise))
        before, after = (np.mean([getattr(e, k) for e in group]) for k in ("before", "after"))
        first = sum(edit.taken_for == sound for edit in group)
        heard = [edit.rise for edit in group if edit.heard_as == sound]
        means.append(
            [
                sound,
                *(f"{before:.2f}", f"{after:.2f}", f"{rise:+.2f}", f"{first} of {len(group)}"),
                f"{len(heard)} of {len(group)}",
                f"{np.mean(heard):+.2f}" if heard else "",
            ]
        )
    pairs = [
        [clip, *(f"{by_pair[clip, s].rise:+.2f}" if (clip, s) in by_pair else "" for s in sounds)]
        for clip in clips
    ]
    head = ["sound", "before", "after", "rise", "class is likeliest in", "heard in", "rise there"]
    text = f"""## Edits, judged

The probability that the judge gives the sound's class in the square round the region, mean over frames and clips. Each clip
is edited by another held-out recording of the class, at its loudest stretch. "Heard in": the joint space, which knows nothing of
the label, takes the recording for that class; where it does not, the edit shows another effect, and rightly so.

{_table(head, means)}

Rise by clip:

{_table(["clip", *sounds], pairs)}

Clips whose pictures may be shown, by each sound, the source with its region first:
{_links(images, [f"sound-{s}" for s in sounds])}.
Edits that were chosen before any was seen (clip k with sound k), source above, result below:

{_pictures(images, [chosen_name(edit) for edit in chosen])}"""
    return Section(targets, text)


def loudness_section(found: Sequence[LoudnessFigures]) -> Section:
    """Whether louder means more."""
    mean = float(np.mean([f.correlation for f in found]))
    rows = [
        [
            f.sound,
            f.clip,
            f"{min(f.probability):.2f} to {max(f.probability):.2f}",
            f"{f.by_probability:.2f}",
            f"{f.by_change:.2f}",
            "change" if f.saturated else "probability",
        ]
        for f in found
    ]
    head = ["sound", "clip", "probability", "rho, probability", "rho, change", "counted"]
    text = f"""## Loudness

Gain runs from {QUIET:g} to {LOUD:g} and back over the clip. Spearman's rho between the gain and, frame by frame, the judge's
probability of the class in the region; where the judge does not tell more from less (median above {SATURATED_LEVEL:g}, or a range
below {SATURATED_RANGE:g}), between the gain and the region's mean absolute change. Means: {mean:.2f} as counted,
{np.mean([f.by_probability for f in found]):.2f} by
probability alone, {np.mean([f.by_change for f in found]):.2f} by change alone.

{_table(head, rows)}"""
    return Section([Target("Rank correlation of gain and effect, mean", CORRELATION, mean)], text)


def prior_section(found: Sequence[PriorFigures], sheets: Sequence[str], images: str) -> Section:
    """The diffusion prior; the first sheet is shown, the others are linked."""
    baseline = [figure.kid for figure in found if figure.name == "baseline"]
    targets = []
    if baseline:
        used = [figure for figure in found if figure.name == "models"][-1]
        says = f"KID of samples ({label_of(used)}) as a share of the baseline's best"
        targets.append(Target(says, KID_SHARE, used.kid / min(baseline), most=True))
    rows = [[label_of(f), *(f"{v:.4f}" for v in f.losses), f"{f.kid:.3f}"] for f in found]
    text = f"""## The diffusion prior

Mean squared error of v on held-out crops at six noise levels, and the kernel distance (KID, Binkowski et al. 2018) of samples
to those crops, both drawn with the labels' shares of training. It is taken on features of EfficientNet-Lite0, not Inception:
it compares these rows, and with nothing published elsewhere.

{_table(["prior", *(f"t = {t}" for t in LEVELS), "KID"], rows)}

{_pictures(images, sheets[:1])}"""
    if sheets[1:]:
        text += f"\n\nHeld-out pictures, noised and denoised again: {_links(images, sheets[1:])}."
    return Section(targets, text)


def targets_table(targets: Sequence[Target]) -> str:
    """Every target, what was found, and whether it is met."""
    rows = [
        [
            t.says,
            f"{'at most' if t.most else 'at least'} {t.bound:.2f}",
            f"{t.found:.3f}",
            "yes" if t.met else "**no**",
        ]
        for t in targets
    ]
    return _table(["what must hold", "bound", "found", "met"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _names(found: Sequence[EditFigures], key: Callable[[EditFigures], str]) -> list[str]:
    return list(dict.fromkeys(map(key, found)))


def _links(folder: str, names: Sequence[str]) -> str:
    return ", ".join(f"[{name}]({folder}/{name}.png)" for name in names)


def _pictures(folder: str, names: Sequence[str]) -> str:
    return "\n\n".join(f"![{name}]({folder}/{name}.png)" for name in names)
