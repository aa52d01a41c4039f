"""Settings, names and numbers that nobody would write, made by hypothesis: a line that says what is wrong, or a plan."""

import contextlib
import json
import os
import resource
import signal
from fractions import Fraction
from functools import wraps
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import media_factory as make
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.config.written import parse_bytes
from soundini.editing.files import prepare_edit
from soundini.editing.part import part_of
from soundini.editing.request import EditRequest, MaskRequest, keyed_path, read_request
from soundini.errors import SoundiniError
from soundini.jobs.record import read_record
from soundini.masks.shapes import shape_mask
from soundini.settings_files import read_yaml

CASES = int(os.environ.get("SOUNDINI_FUZZ_CASES", "200")) // 10
SEED = int(os.environ.get("SOUNDINI_FUZZ_FIRST", "0"))
SECONDS = 20
pytestmark = pytest.mark.fuzz

numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -(10**400), 1e308, 2**63, 10**9])
)
names = st.text(max_size=12) | st.sampled_from(
    [
        "request",
        "recipe",
        "mask",
        "paths",
        "sampling",
        "steps",
        "token",
        "video",
        "\0",
        "²=a",
        "9" * 5000,
    ]
)
trees = st.recursive(
    st.none() | st.booleans() | numbers | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def cases(**given_settings):
    """Hypothesis as it runs here: the same cases each time, no clock, and a limit of time for each."""

    def decorate(test):
        bare = given(**given_settings)(_watched(test))
        bare = settings(
            max_examples=CASES,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )(bare)
        return seed(SEED)(bare)

    return decorate


def _watched(test):
    def ring(*_):
        raise TimeoutError(f"this case took more than {SECONDS} s")

    @wraps(test)
    def watched(*arguments, **named):
        before = signal.signal(signal.SIGALRM, ring)
        signal.alarm(SECONDS)
        try:
            return test(*arguments, **named)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)

    return watched


def _values(model):
    """Values that a section of settings accepts, at the ends of their ranges more often than not."""
    fields = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields[name] = _values(kind)
        elif kind in (int, float):
            ends = {
                getattr(m, k)
                for m in field.metadata
                for k in ("ge", "gt", "le", "lt")
                if hasattr(m, k)
            }
            inner = st.integers(0, 10_000) if kind is int else st.floats(0, 10_000)
            fields[name] = st.sampled_from([*sorted(ends), field.default]) | inner
    return st.fixed_dictionaries({}, optional=fields)


@pytest.fixture(scope="module", autouse=True)
def memory():
    """What asks for eight more gigabytes fails, before the machine does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (8 << 30), hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    make.write_video(folder / "in.mp4", 5, size=(32, 48))
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 4800)).astype(np.float32)
    make.write_sound(folder / "noise.wav", noise, 16000)
    return folder


@cases(
    chosen=_values(Recipe),
    mask=st.sampled_from(["8,8,16,16", "0,0,1,1", "47,31,1,1", "0.5,0.5,9,9"]),
)
def test_any_settings_in_range_make_a_plan_or_say_why_not(media, debug, chosen, mask):
    chosen.get("compute", {}).pop("chunk", None)
    with contextlib.suppress(SoundiniError):
        recipe = override(Recipe(), [f"{k}={json.dumps(v)}" for k, v in _flat(chosen)])
        request = EditRequest(
            video=media / "in.mp4",
            sound=str(media / "noise.wav"),
            output=media / "out.mp4",
            mask=MaskRequest(box=mask),
            recipe=recipe,
        )
        prepare_edit(request, debug).close()
    assert not (media / "out.mp4").exists()


def _flat(tree, prefix=""):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


@cases(tree=trees)
def test_any_json_is_a_recipe_or_is_refused(tmp_path_factory, tree):
    path = tmp_path_factory.getbasetemp() / "any.recipe.json"
    path.write_text(json.dumps(tree))
    with contextlib.suppress(SoundiniError):
        read_request(path)
    with contextlib.suppress(SoundiniError):
        (path.parent / "job.json").write_text(json.dumps(tree))
        read_record(path.parent)


@cases(text=st.text(alphabet="ab:&*[]{}-?!|>\"'#%@, \n\t0", max_size=60))
def test_any_yaml_is_read_or_is_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text)
    with contextlib.suppress(ValueError):
        read_yaml(path)


@cases(
    text=names,
    assignment=st.tuples(
        st.sampled_from(["seed", "sampling.steps", "sampling", "", "a.b.c"]), names
    ),
)
def test_any_text_is_a_setting_a_frame_a_shape_or_is_refused(text, assignment):
    assert keyed_path(text)[1] is not None
    reader = SimpleNamespace(times=lambda: iter([Fraction(0), Fraction(1)]))
    for call in (
        lambda: override(Recipe(), ["=".join(assignment)]),
        lambda: part_of(reader, text, None),
        lambda: part_of(reader, None, f"{text}s"),
        lambda: shape_mask("polygon", text, (16, 16)),
        lambda: read_request(Path(text)),
    ):
        with contextlib.suppress(SoundiniError):
            call()
    with contextlib.suppress(ValueError):
        parse_bytes(text)


@cases(
    numbers=st.lists(numbers, min_size=4, max_size=8),
    kind=st.sampled_from(["box", "ellipse", "polygon"]),
)
def test_any_numbers_are_a_shape_or_are_refused(numbers, kind):
    with contextlib.suppress(SoundiniError):
        mask = shape_mask(kind, ",".join(map(str, numbers)), (16, 24))
        assert mask.shape == (16, 24)
        assert 0 <= mask.min() <= mask.max() <= 1
