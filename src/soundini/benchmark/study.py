"""A study with people: anonymous pairs of edits on a page that needs no server, and the count of its votes."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from soundini.benchmark.jobs import Job
from soundini.benchmark.report import page_of
from soundini.config.section import Section
from soundini.errors import ConfigError
from soundini.media.output import write_whole
from soundini.metrics.statistics import bootstrap_interval

QUESTIONS = {
    "coherence": "Which moves more naturally, without flicker?",
    "quality": "Which looks better?",
    "sound": "Which suits its sound better?",
}
"""What is asked of each pair: what the paper claims of its method."""

_TEMPLATE = "study.html"
_ID_BYTES = 4


class Pair(Section):
    """Who is behind a pair."""

    clip: str
    sound: str
    a: str
    """Variant shown as a."""
    b: str
    """Variant shown as b."""


class Vote(Section):
    """One answer."""

    pair: str
    question: str
    choice: Literal["a", "b", "none"]


@dataclass(frozen=True)
class Preference:
    """How often one variant was preferred to another.

    Args:
        question: what was asked.
        variant: the one.
        other: the other.
        share: of the votes for the one, "no difference" counting half.
        low: of its 95 % bootstrap interval over the votes.
        high: of that interval.
        votes: how many.
    """

    question: str
    variant: str
    other: str
    share: float
    low: float
    high: float
    votes: int


def key_path(page: Path) -> Path:
    """Where the names behind a page's pairs are kept: ``study.html`` -> ``study.key.json``."""
    return page.with_suffix(".key.json")


def write_study(jobs: Sequence[Job], page: Path, seed: int = 0) -> int:
    """Pair the first variant of every clip and sound with each other one; write the page, and the names to a file of their own.

    The page holds no names. Which of a pair is a, and the order of the pairs, are drawn from the seed; every viewer sees
    another order, and sides of their own.

    Args:
        jobs: of a benchmark; all must be done.
        page: the HTML file.
        seed: of the draws.

    Returns:
        How many pairs there are.

    Raises:
        ConfigError: a job is not done, or there is but one variant.
    """
    chance = np.random.default_rng(seed)
    pairs: list[tuple[Pair, dict[str, str]]] = []
    for (clip, sound), group in groupby(jobs, key=lambda job: (job.clip.name, job.sound)):
        first, *others = group
        for other in others:
            one, two = (first, other) if chance.random() < 0.5 else (other, first)
            shown = {"id": chance.bytes(_ID_BYTES).hex(), "a": _video(one), "b": _video(two)}
            pairs.append((Pair(clip=clip, sound=sound, a=one.variant, b=two.variant), shown))
    if not pairs:
        raise ConfigError("there is nothing to compare: the suite has a single variant")
    order = chance.permutation(len(pairs))
    key = {pairs[k][1]["id"]: pairs[k][0].model_dump() for k in order}
    template = (resources.files("soundini.benchmark") / _TEMPLATE).read_text()
    text = page_of(
        template, questions=QUESTIONS, pairs=[pairs[k][1] for k in order], name=next(iter(key))
    )
    for path, content in ((key_path(page), json.dumps(key, indent=1) + "\n"), (page, text)):
        write_whole(path, content)
    return len(pairs)


def _video(job: Job) -> str:
    if not job.request.output.exists():
        raise ConfigError(
            "{name} by {sound}, {variant}, is not done; run soundini benchmark first",
            name=job.clip.name,
            sound=job.sound,
            variant=job.variant,
        )
    return f"data:video/mp4;base64,{base64.b64encode(job.request.output.read_bytes()).decode()}"


def tally(key: Path, votes: Sequence[Path]) -> list[Preference]:
    """Count votes.

    Args:
        key: the names, as :func:`write_study` wrote them.
        votes: files of answers, as the page saves them.

    Raises:
        ConfigError: a file cannot be read, or a vote is of another study.
    """
    pairs = _read(key, TypeAdapter(dict[str, Pair]), "the key of a study")
    found: dict[tuple[str, str, str], list[float]] = {}
    for path in votes:
        for vote in _read(path, TypeAdapter(list[Vote]), "votes"):
            if vote.pair not in pairs or vote.question not in QUESTIONS:
                raise ConfigError(
                    "{file}: a vote is of another study; name the key of that one", file=path
                )
            pair = pairs[vote.pair]
            one, two = sorted((pair.a, pair.b))
            value = {"none": 0.5, "a": float(pair.a == one), "b": float(pair.b == one)}
            found.setdefault((vote.question, one, two), []).append(value[vote.choice])
    return [
        Preference(*names, float(np.mean(values)), *bootstrap_interval(values), len(values))
        for names, values in sorted(found.items())
    ]


def _read(path: Path, adapter: TypeAdapter[Any], what: str) -> Any:
    try:
        return adapter.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            "cannot read {file}: {why}; name another file", file=path, why=error.strerror
        ) from None
    except ValidationError:
        raise ConfigError(
            "{file} does not hold {what}; name a file that the study wrote", file=path, what=what
        ) from None
