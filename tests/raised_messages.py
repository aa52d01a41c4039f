"""What the source can say of what is wrong, read from its syntax: messages with holes where something is put in."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from itertools import chain, product
from pathlib import Path

import soundini

SOURCE = Path(soundini.__file__).parent
HOLE = "{}"
KINDS = {
    *("SoundiniError", "MediaError", "MaskError", "ConfigError", "ModelError"),
    *("UnheardError", "MissingError", "BusyError", "TooLargeError"),
}
REACHED = (
    *("web", "media", "masks", "editing", "jobs", "config", "settings_files.py"),
    # a visitor's settings may ask for weights
    *("perceptual/factory.py", "weights/inventory.py", "packs/pack.py"),
)
"""What an edit through the page can reach; what else is wrong with models is for whoever runs the server."""
NOT_REACHED = {
    "web/http/credentials.py": "the server does not start",
    "web/http/serving.py": "the server does not start",
    "web/http/sessions.py": "the server does not start",
    "web/files/folder.py:lock_folder": "the server does not start",
    "editing/editor.py": "arrays from Python",
    "editing/edit_file.py": "arguments from Python",
    "media/limits.py:value": "the server's environment",
    "media/output.py:check_output": "outputs are named by the server",
    "media/output.py:check_target": "outputs are named by the server",
    "jobs/job.py:find_job": "jobs are named on the command line",
}
_DEPTH = 6


class Modules:
    """The reached part of the source."""

    def __init__(self) -> None:
        self.trees = {
            str(path.relative_to(SOURCE)): ast.parse(path.read_text())
            for package in REACHED
            for path in _modules(SOURCE / package)
        }
        self.functions: dict[str, dict[str, ast.FunctionDef]] = {}
        self.calls: dict[str, list[tuple[Place, ast.Call]]] = defaultdict(list)
        for name, tree in self.trees.items():
            self.functions[name] = {
                node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
            }
            for place, node in walk(name, tree):
                if isinstance(node, ast.Call):
                    self.calls[called(node)].append((place, node))

    def messages(self) -> set[str]:
        """All that is raised, replied or warned of."""
        return set(chain.from_iterable(map(self._told, self.trees)))

    def reasons(self, *beginnings: str) -> set[str]:
        """What some modules raise as a plain ``ValueError``: validators, whose words end in errors of settings."""
        found: set[str] = set()
        for name in self.trees:
            for place, node in walk(name, self.trees[name]) if name.startswith(beginnings) else ():
                if isinstance(node, ast.Call) and called(node) == "ValueError":
                    found |= self.text(node.args[0], place)
        return found

    def _told(self, name: str) -> set[str]:
        found: set[str] = set()
        for place, node in walk(name, self.trees[name]):
            if place.unreached:
                continue
            for said in _said(node, name):
                found |= self.text(said, place)
        found = {re.sub(r"(\{\})+", HOLE, text) for text in found}
        return {text for text in found if text.replace(HOLE, "").strip(":; ")}

    def text(self, node: ast.expr, place: Place, depth: int = 0) -> set[str]:
        """The texts that an expression can have; a hole where nobody can tell."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        if isinstance(node, ast.JoinedStr):
            parts = [self.text(part, place, depth) for part in node.values]
            return {"".join(choice) for choice in product(*parts)}
        if depth > _DEPTH:
            return {HOLE}
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, place, depth + 1)
        if isinstance(node, ast.IfExp):
            return self.text(node.body, place, depth) | self.text(node.orelse, place, depth)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self.text(value, place, depth) for value in node.values))
        if isinstance(node, ast.Name):
            return self._named(node.id, place, depth + 1)
        if isinstance(node, ast.Call):
            return self._returned(called(node), place, depth + 1)
        return {HOLE}

    def _named(self, name: str, place: Place, depth: int) -> set[str]:
        function = self.functions[place.module].get(place.function)
        if function is None:
            return {HOLE}
        whole = self.trees[place.module].body if depth == 1 else []  # a constant is all of it
        values = [
            node.value
            for node in [*ast.walk(function), *whole]
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        ]
        found = set().union(*(self.text(value, place, depth) for value in values))
        arguments = [a.arg for a in function.args.args if a.arg != "self"]
        if name in arguments:
            at = arguments.index(name)
            for other, call in self.calls[function.name]:
                if at < len(call.args) and not other.unreached:
                    told = self.text(call.args[at], other, depth)
                    found |= {text if " " in text else HOLE for text in told}
        return found or {HOLE}

    def _returned(self, name: str, place: Place, depth: int) -> set[str]:
        there = [m for m in self.functions if name in self.functions[m]]
        module = place.module if place.module in there else there[0] if len(there) == 1 else ""
        if not module:
            return {HOLE}
        function, inside = self.functions[module][name], Place(module, name)
        values = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
        return set().union(*(self.text(value, inside, depth) for value in values)) or {HOLE}


class Place:
    """Where an expression stands.

    Args:
        module: file.
        function: the innermost function round it; "" for none.
    """

    def __init__(self, module: str, function: str) -> None:
        self.module = module
        self.function = function

    @property
    def unreached(self) -> bool:
        """Whether no visitor gets there."""
        return bool({self.module, f"{self.module}:{self.function}"} & NOT_REACHED.keys())


def _modules(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def walk(module: str, node: ast.AST, function: str = ""):
    """All nodes, each with where it stands."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = node.name
    for child in ast.iter_child_nodes(node):
        yield Place(module, function), child
        yield from walk(module, child, function)


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return ast.unparse(node.func).rpartition(".")[2]


def _said(node: ast.AST, module: str) -> list[ast.expr]:
    """What a node tells a visitor, if it does."""
    if isinstance(node, ast.Call) and called(node) in KINDS:
        return node.args[:1]
    if isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "self.warnings":
        return node.value.elts if isinstance(node.value, ast.Tuple) else []
    if isinstance(node, ast.FunctionDef) and node.name == "doubt_of":
        returned = (told.value for told in ast.walk(node) if isinstance(told, ast.Return))
        return [value for value in returned if value is not None]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("notes.append"):
        return node.args[:1]
    if isinstance(node, ast.FunctionDef) and node.name.endswith("notes"):
        yields = (told for told in ast.walk(node) if isinstance(told, ast.Yield))
        return [told.value for told in yields if told.value is not None]
    if not module.startswith("web/http/"):
        return []
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        status, *rest = node.value.elts
        return rest[:1] if isinstance(status, ast.Constant) else []
    if isinstance(node, ast.Call) and called(node) == "reply":
        return node.args[3:4]
    if isinstance(node, ast.Call) and called(node) == "_detail":
        return node.args[1:2]
    return []
