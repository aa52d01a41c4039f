"""Who may import whom: the table of ARCHITECTURE.md, enforced."""

import ast
from pathlib import Path

import pytest

import soundini

SOURCE = Path(soundini.__file__).parent

# Packages of ours that each package may import, besides itself.
ALLOWED = {
    "errors": set(),
    "events": set(),
    "generators": set(),
    "compute": {"errors"},
    "settings_files": set(),
    "state_files": {"errors"},
    "config": {"errors"},
    "diffusion": set(),
    "flow": {"errors", "state_files"},
    "perceptual": {"errors", "state_files"},
    "joint": {"errors", "settings_files"},
    "media": {"errors"},
    "masks": {"errors", "media"},
    "guidance": {"diffusion", "flow", "joint", "perceptual"},
    "weights": {
        "errors",
        "state_files",
        "diffusion",
        "flow",
        "joint",
        "perceptual",
        "baselines",
    },
    "packs": {
        "errors",
        "compute",
        "settings_files",
        "diffusion",
        "flow",
        "joint",
        "weights",
        "baselines",
    },
    "baselines": {
        "errors",
        "settings_files",
        "state_files",
        "config",
        "diffusion",
        "flow",
        "guidance",
    },
    "editing": {
        "errors",
        "events",
        "generators",
        "settings_files",
        "compute",
        "config",
        "diffusion",
        "flow",
        "perceptual",
        "joint",
        "media",
        "masks",
        "guidance",
        "packs",
        "baselines",
    },
    "jobs": {
        "errors",
        "events",
        "generators",
        "settings_files",
        "diffusion",
        "editing",
        "media",
        "packs",
        "weights",
    },
    "batch": {
        "errors",
        "events",
        "generators",
        "settings_files",
        "compute",
        "config",
        "editing",
        "jobs",
        "media",
        "packs",
        "weights",
    },
    "cluster": {"errors", "events", "generators", "batch", "editing", "jobs"},
    "metrics": {"errors"},
    "judge": {"errors", "settings_files", "state_files", "perceptual", "media", "masks"},
    "training": {
        "errors",
        "events",
        "settings_files",
        "config",
        "diffusion",
        "guidance",
        "joint",
        "media",
        "packs",
        "judge",
        "perceptual",
        "baselines",
    },
    "evaluation": {
        "errors",
        "events",
        "generators",
        "settings_files",
        "compute",
        "config",
        "diffusion",
        "joint",
        "media",
        "masks",
        "packs",
        "editing",
        "flow",
        "perceptual",
        "judge",
        "metrics",
        "training",
    },
    "benchmark": {
        "errors",
        "events",
        "settings_files",
        "compute",
        "config",
        "demo",
        "media",
        "masks",
        "weights",
        "packs",
        "editing",
        "judge",
        "metrics",
        "training",
        "evaluation",
    },
    "web": {
        "errors",
        "events",
        "settings_files",
        "config",
        "demo",
        "joint",
        "media",
        "masks",
        "weights",
        "packs",
        "editing",
        "jobs",
        "batch",
    },
}
TOP = {"cli", "demo", "__init__", "__main__", "_version"}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {n.split(".")[1] for n in names if n.startswith("soundini.") and "." in n}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_follow_the_table(path):
    package = package_of(path)
    if package in TOP:
        return
    assert package in ALLOWED, f"{package} is not in the table: add it here and to ARCHITECTURE.md"
    stray = imported(path) - ALLOWED[package] - {package, "_version"}
    assert not stray, f"{path.relative_to(SOURCE)} may not import {sorted(stray)}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_hold_one_concept(path):
    assert len(path.read_text().splitlines()) <= 350
    assert path.name != "utils.py"


def test_nothing_unpickles():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "load"):
                keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                if ast.unparse(node.func) == "torch.load":
                    assert keywords.get("weights_only") == "True", path


def test_nothing_touches_the_global_random_state():
    for path in modules():
        text = path.read_text()
        if "manual_seed" in text:
            for line in text.splitlines():
                if "torch.manual_seed(" in line:
                    assert "fork_rng" in text, path
        assert "np.random.seed" not in text
        assert "random.seed(" not in text
