"""What is said of a benchmark's table: what it means in three sentences, how to read its columns, and what is no comparison."""

from collections.abc import Sequence

from soundini.benchmark.jobs import Result
from soundini.benchmark.suite import Suite
from soundini.benchmark.summary import Summary, mean_of

_ALIKE = 0.02
"""Difference of the judge's mean rise below which two variants are alike."""

_NAMED = 3
"""How many variants a sentence names at most."""


def notes(suite: Suite, results: Sequence[Result]) -> list[str]:
    """Sentences for below the table of a benchmark.

    Args:
        suite: what was compared.
        results: of the jobs that are done, at least one.
    """
    said = [
        "Warp errors are of the edited frames by the source's flow, in units of [-1, 1]. An edit moves on its own by the mean "
        "length of its flow less the source's in the region, in percent of the frame's shorter side a frame; flicker counts "
        "as motion too."
    ]
    drafted = _drafted(suite)
    if 0 < len(drafted) < len(suite.compared):
        said.append(
            f"With models that see the source, {', '.join(drafted)} begins at a rendered draft of the effect; the others draw "
            "all of it by themselves."
        )
    background = _guided_background(suite)
    if background:
        said.append(
            f"L_back guided what is outside in {', '.join(background)} by the perceptual distance that is measured there."
        )
    if mean_of(results, "seam") is not None:
        said.append(_seams(results))
    if mean_of(results, "memory") is None:
        said.append(
            "There is no peak memory: this system does not let a process set its high-water mark back."
        )
    else:
        said.append(
            "Peak memory is what the process held at the edit's highest (resident; models and libraries included)."
        )
    return [*said, _guides_score(results)]


def _seams(results: Sequence[Result]) -> str:
    """How a seam is to be read, and the figures that its ratio is of."""
    parts = []
    for variant in dict.fromkeys(result.variant for result in results):
        border, elsewhere = (
            mean_of(results, f"seam_{k}", variant) for k in ("border", "elsewhere")
        )
        if border is not None and elsewhere is not None:
            parts.append(f"{variant} {border:.2f} and {elsewhere:.2f}")
    return (
        "A seam is how much what the edit adds changes from frame to frame across a border of windows, over the same elsewhere, "
        "before encoding: 1 where a border cannot be told. Mean change across borders and elsewhere, in grey levels: "
        f"{', '.join(parts)}. Edits of one window have no border."
    )


def _drafted(suite: Suite) -> list[str]:
    """Variants that sampling begins at a draft for; baselines never do."""
    recipes = {variant: suite.recipe(variant) for variant in suite.compared}
    return [
        variant
        for variant, recipe in recipes.items()
        if recipe.method == "soundini" and recipe.sampling.draft > 0
    ]


def _guided_background(suite: Suite) -> list[str]:
    found = []
    for variant in suite.compared:
        guidance = suite.recipe(variant).guidance
        if guidance.lambda_background > 0 and guidance.perceptual != "none":
            found.append(variant)
    return found


def _guides_score(results: Sequence[Result]) -> str:
    """The joint-space score, which guided the edits and therefore compares nothing."""
    variants = dict.fromkeys(result.variant for result in results)
    means = {"source": mean_of(results, "joint_before")}
    means |= {variant: mean_of(results, "joint_after", variant) for variant in variants}
    told = ", ".join(f"{name} {'none' if m is None else f'{m:.3f}'}" for name, m in means.items())
    return (
        "By what guided the edits, and therefore no comparison: mean cosine of region and sound in the joint space "
        f"(as the paper's CLIP score): {told}."
    )


def conclusion(table: Summary) -> str:
    """Compare the first variant with the others: by the judge, by coherence, by time. Bad news is included.

    Args:
        table: means of all variants; the first is what the others are compared with.

    Returns:
        up to three sentences; empty where there is only one variant, or the judge says nothing.
    """
    rises = _means(table, "rise of the judge's probability")
    first = next(iter(table.rows))
    if len(rises) < 2 or first not in rises:
        return ""
    others = {name: rise for name, rise in rises.items() if name != first}
    apart = {name: rise for name, rise in others.items() if abs(rise - rises[first]) > _ALIKE}
    farthest = sorted(apart, key=lambda name: -abs(apart[name] - rises[first]))[:_NAMED]
    said = (
        f"The judge's probability rises by {rises[first]:.2f} in {first}; {len(others) - len(apart)} of {len(others)} others are "
        f"within {_ALIKE:g} of it"
    )
    if farthest:
        named = ", ".join(f"{n} ({apart[n]:.2f})" for n in farthest)
        said += f", the farthest from it {'is' if len(farthest) == 1 else 'are'} {named}"
    sentences = [f"{said}."]
    warps = _means(table, "warp error, region")
    if first in warps:
        least, most = min(warps, key=warps.__getitem__), max(warps, key=warps.__getitem__)
        sentences.append(
            f"The warp error in the region is {warps[first]:.3f} in {first}, least in {least} ({warps[least]:.3f}) and most in "
            f"{most} ({warps[most]:.3f})."
        )
    seconds = _means(table, "seconds a job")
    alike = [name for name in rises if name not in apart and name in seconds]
    if first in seconds:
        cheapest = min(alike, key=seconds.__getitem__)
        times = f"{seconds[cheapest]:.0f} s a job"
        if cheapest != first:
            times += f", {first} {seconds[first]:.0f} s"
        sentences.append(
            f"Of those that the judge finds alike, {cheapest} takes the least time: {times}."
        )
    return " ".join(sentences)


def _means(table: Summary, title: str) -> dict[str, float]:
    """Mean of a column by variant, of those that have it."""
    if title not in table.titles:
        return {}
    column = table.titles.index(title)
    cells = {name: row[column].mean for name, row in table.rows.items()}
    return {name: mean for name, mean in cells.items() if mean is not None}
