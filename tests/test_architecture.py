"""The rules of ARCHITECTURE.md and CONTRIBUTING.md that can be read from the source."""

import ast
import functools
import graphlib
import re
from itertools import chain
from pathlib import Path

import pytest

import soundini

SOURCE = Path(soundini.__file__).parent
PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
TOP = {"cli", "demo", "__init__", "__main__", "_version"}
"""What may import everything, and what everything may import."""
ROW = re.compile(r"^\| (`.+?) \| .+ \| (.+?) \|$", re.MULTILINE)


@functools.cache
def trees():
    """The syntax of every file of the package; parsed when a test asks, not while tests are collected."""
    return {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def table():
    """Packages of ours that each package may import besides itself, as ARCHITECTURE.md has it."""
    allowed = {}
    packages = [re.findall(r"`(\w+)/?`", names) for names, _ in ROW.findall(PAGE.read_text())]
    below = [may for _, may in ROW.findall(PAGE.read_text())]
    for names, may in zip(packages, below, strict=True):
        if may == "everything":
            continue
        known = set(chain.from_iterable(packages))
        listed = set() if may == "nothing of ours" else set(re.findall(r"\w+", may))
        if may == "all of the above":
            listed = set(allowed)
        assert listed <= known, f"{names}: {listed - known} are no packages"
        for name in names:
            allowed[name] = listed - {name}
    return allowed


ALLOWED = table()


def package_of(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree):
    """Modules of ours that a file names, ``from soundini import judge`` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "soundini":
                yield from (f"soundini.{alias.name}" for alias in node.names)
            elif node.module:
                yield node.module


def strays(path, tree):
    packages = {name.split(".")[1] for name in imported(tree) if name.startswith("soundini.")}
    return sorted(packages - ALLOWED[package_of(path)] - {package_of(path), "_version"})


def test_imports_follow_the_table():
    assert {package_of(path) for path in trees()} - TOP == ALLOWED.keys() - TOP
    found = {
        str(path.relative_to(SOURCE)): strays(path, tree)
        for path, tree in trees().items()
        if package_of(path) not in TOP
    }
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from soundini import judge",
        "import soundini.judge",
        "from soundini.judge.judge import Judge",
    ],
)
def test_every_kind_of_import_is_seen(line):
    assert strays(SOURCE / "diffusion" / "noise.py", ast.parse(line)) == ["judge"]


def test_packages_form_no_circle():
    left = {name: set(may) for name, may in ALLOWED.items()}
    while ready := [name for name, may in left.items() if not may & left.keys()]:
        for name in ready:
            del left[name]
    assert left == {}


def folder_of(module):
    """Where a module lies; a file beside folders stands for itself."""
    path = SOURCE.joinpath(*module.split(".")[1:])
    path = path if path.is_dir() else path.parent
    if any(below.is_dir() and any(below.glob("*.py")) for below in path.iterdir()):
        return module
    return str(path.relative_to(SOURCE))


def test_folders_form_no_circle():
    """Those inside packages too; a circle is shown as the folders that it runs through."""
    arrows = {}
    for path, tree in trees().items():
        here = ".".join(("soundini", *path.relative_to(SOURCE).with_suffix("").parts))
        there = {folder_of(name) for name in imported(tree) if name.startswith("soundini.")}
        arrows.setdefault(folder_of(here), set()).update(there - {folder_of(here)})
    graphlib.TopologicalSorter(arrows).prepare()


def test_files_hold_one_concept():
    assert [p.name for p in trees() if len(p.read_text().splitlines()) > 350] == []
    assert [p for p in trees() if p.name == "utils.py"] == []


def calls(name):
    """Every call of that dotted name, with its file."""
    last = name.rpartition(".")[2]
    return [
        (path, node)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and last in (getattr(node.func, "attr", ""), getattr(node.func, "id", ""))
        and ast.unparse(node.func) == name
    ]


def test_nothing_unpickles():
    loads = calls("torch.load")
    assert loads, "weights of others are read somewhere"
    for path, node in loads:
        assert {k.arg: ast.unparse(k.value) for k in node.keywords}.get("weights_only") == "True", (
            path
        )
    for name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load"):
        assert calls(name) == []
    for path, tree in trees().items():
        named = {
            f"{n.module}.{m.name}"
            for n in ast.walk(tree)
            if isinstance(n, ast.ImportFrom)
            for m in n.names
        }
        assert not {"torch.load", "pickle.load", "pickle.loads"} & named, path


def test_nothing_touches_the_global_random_state():
    forked = {
        id(node)
        for tree in trees().values()
        for block in ast.walk(tree)
        if isinstance(block, ast.With) and "fork_rng" in ast.unparse(block.items[0])
        for node in ast.walk(block)
    }
    seeded = calls("torch.manual_seed")
    assert seeded, "networks are initialised somewhere"
    assert [path for path, node in seeded if id(node) not in forked] == []
    assert calls("np.random.seed") == calls("random.seed") == []
