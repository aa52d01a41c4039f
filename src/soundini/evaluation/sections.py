"""The sections of an evaluation's page: each takes figures and returns targets and Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from soundini.evaluation.coherence import CoherenceFigures
from soundini.evaluation.edits import EditFigures
from soundini.evaluation.loudness import LOUD, QUIET, RAMP_SECONDS, LoudnessFigures
from soundini.evaluation.markdown import markdown_table
from soundini.evaluation.prior import PriorFigures, label_of
from soundini.evaluation.sheets import chosen_name
from soundini.evaluation.spaces import PROTOTYPE_PICTURES, ZeroShot
from soundini.evaluation.targets import (
    BY_CHANGE,
    BY_PROBABILITY,
    KEPT,
    PICTURES_RIGHT,
    RISES,
    SEAM,
    SOUNDS_RIGHT,
    WARP_RATIO,
    Target,
)
from soundini.training.prior import LEVELS


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
            f"{confusion.markdown()}\n\n{markdown_table(['source', 'of', 'right'], sources)}"
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
    found: Sequence[EditFigures],
    chosen: Sequence[EditFigures],
    images: str,
    recalls: Mapping[str, float],
) -> Section:
    """What edits show. Each edit in ``chosen`` has a sheet of its own; ``recalls`` is of the judge."""
    sounds, clips = _names(found, lambda e: e.sound), _names(found, lambda e: e.clip)
    by_pair = {(edit.clip, edit.sound): edit for edit in found}
    targets, means = [], []
    for sound in sounds:
        group = [edit for edit in found if edit.sound == sound]
        rise = float(np.mean([edit.rise for edit in group]))
        kept = float(np.mean([edit.kept for edit in group]))
        if sound in RISES:
            says = f"Rise of the judge's probability of {sound} in the region, mean over clips"
            targets.append(Target(says, RISES[sound], rise))
        if sound in KEPT:
            says = (
                f"The scene is kept under {sound}: correlation of fine luminance, mean over clips"
            )
            targets.append(Target(says, KEPT[sound], kept))
        before, after = (np.mean([getattr(e, k) for e in group]) for k in ("before", "after"))
        first = sum(edit.taken_for == sound for edit in group)
        heard = sum(edit.heard_as == sound for edit in group)
        means.append(
            [
                sound,
                *(f"{before:.2f}", f"{after:.2f}", f"{rise:+.2f}", f"{first} of {len(group)}"),
                _mistaken(sound, group),
                f"{recalls[sound]:.0%}" if sound in recalls else "",
                f"{kept:.2f}",
                f"{heard} of {len(group)}",
            ]
        )
    pairs = [
        [clip, *(f"{by_pair[clip, s].rise:+.2f}" if (clip, s) in by_pair else "" for s in sounds)]
        for clip in clips
    ]
    head = ["sound", "before", "after", "rise", "likeliest in", "else"]
    head += ["photographs", "scene kept", "heard in"]
    text = f"""## Edits, judged

The probability that the judge gives the sound's class in the square round the region, mean over frames and clips. Each clip
is edited by another held-out recording of the class, at its loudest stretch, as the class that it is (`sound.heard_as`).
"Likeliest in": the edits that the judge takes for the class; "else": what it takes most of the others for.
"Photographs": the held-out photographs of the class, laid into others like an edit, that the judge takes for the class.
"Scene kept": correlation of high-pass luminance before and after, inside the region, at 128 pixels. "Heard in": how many of
the recordings the joint space takes for their class; it is not used here.

{markdown_table(head, means)}

Rise by clip:

{markdown_table(["clip", *sounds], pairs)}

Clips whose pictures may be shown, chosen with their regions before any edit was seen: the source, then its middle frame under
each sound, failures included:

{_pictures(images, ["all"])}

The same by each sound, with more frames: {_links(images, [f"sound-{s}" for s in sounds])}.
Edits that were chosen before any was seen (clip k with sound k), source above, result below:

{_pictures(images, [chosen_name(edit) for edit in chosen])}"""
    return Section(targets, text)


def _mistaken(sound: str, edits: Sequence[EditFigures]) -> str:
    """The class that edits are most often taken for, besides their own, and how often."""
    counts = Counter(edit.taken_for for edit in edits if edit.taken_for != sound).most_common(1)
    return f"{counts[0][0]} ({counts[0][1]})" if counts else ""


def loudness_section(found: Sequence[LoudnessFigures]) -> Section:
    """Whether louder means more."""
    by_change, by_probability, of_strength = (
        float(np.mean([getattr(f, name) for f in found]))
        for name in ("by_change", "by_probability", "of_strength")
    )
    targets = [
        Target("Rank correlation of gain and the region's change, mean", BY_CHANGE, by_change),
        Target(
            "Rank correlation of gain and the judge's probability, mean",
            BY_PROBABILITY,
            by_probability,
        ),
    ]
    rows = [
        [
            f.sound,
            f.clip,
            f"{min(f.probability):.2f} to {max(f.probability):.2f}",
            f"{f.by_probability:.2f}",
            f"{f.by_change:.2f}",
            f"{f.of_strength:.2f}",
        ]
        for f in found
    ]
    head = ["sound", "clip", "probability", "rho, probability", "rho, change", "rho, strength"]
    text = f"""## Loudness

The loudest second of a recording is brought to one level and repeated, and its gain runs from {QUIET:g} to {LOUD:g} and back over
{RAMP_SECONDS:g} seconds. The frames are neighbours in the clip, so that little changes but the gain. Spearman's rho between the
gain and, frame by frame, the region's mean absolute change and the judge's probability of the class. The last column is the rho
of the gain and the strength that the edit is given, which attack and release delay ({of_strength:.2f} on average).

{markdown_table(head, rows)}"""
    return Section(targets, text)


def coherence_section(found: Sequence[CoherenceFigures]) -> Section:
    """Whether edits hold together in time."""
    edited, source = (float(np.mean([getattr(f, k) for f in found])) for k in ("edited", "source"))
    borders = [f for f in found if f.elsewhere > 0]
    targets = [
        Target(
            "Warp error of the edit as a multiple of the source's, means over clips and sounds",
            WARP_RATIO,
            edited / max(source, 1e-9),
            most=True,
        )
    ]
    if borders:
        seam = float(np.mean([f.border / f.elsewhere for f in borders]))
        says = "Change across borders of windows as a multiple of that elsewhere, mean"
        targets.append(Target(says, SEAM, seam, most=True))
    rows = [
        [
            f.sound,
            f.clip,
            f"{f.source:.3f}",
            f"{f.edited:.3f}",
            f"{f.border / f.elsewhere:.2f}" if f.elsewhere > 0 else "",
        ]
        for f in found
    ]
    text = f"""## Coherence

Edits of several windows by a steady sound. Warp errors are means over the region, on [-1, 1], at the model's resolution. A pixel
of the edit counts by the scene's motion or the effect's own, whichever it fits better. "Border": how much the edit changes
between neighbours across borders of windows, as a multiple of its change elsewhere.

{markdown_table(["sound", "clip", "source", "edited", "border"], rows)}"""
    return Section(targets, text)


def prior_section(found: Sequence[PriorFigures], sheets: Sequence[str], images: str) -> Section:
    """The diffusion prior."""
    tables = []
    for figure in found:
        rows = [
            [kind, *(f"{by_level[str(t)]:.4f}" for t in LEVELS)]
            for kind, by_level in figure.losses.items()
        ]
        head = [label_of(figure), *(f"t = {t}" for t in LEVELS)]
        tables.append(markdown_table(head, rows))
    text = f"""## The diffusion prior

Mean squared error of v on composites of held-out photographs, by class and noise level.

{(chr(10) * 2).join(tables)}

{_pictures(images, sheets)}"""
    return Section([], text)


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
    return markdown_table(["what must hold", "bound", "found", "met"], rows)


def _names(found: Sequence[EditFigures], key: Callable[[EditFigures], str]) -> list[str]:
    return list(dict.fromkeys(map(key, found)))


def _links(folder: str, names: Sequence[str]) -> str:
    return ", ".join(f"[{name}]({folder}/{name}.png)" for name in names)


def _pictures(folder: str, names: Sequence[str]) -> str:
    return "\n\n".join(f"![{name}]({folder}/{name}.png)" for name in names)
