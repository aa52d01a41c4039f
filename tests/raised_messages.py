"""The messages that stand in the source, read from its syntax."""

import ast
from pathlib import Path

import soundini

SOURCE = Path(soundini.__file__).parent
ERRORS = {
    *("SoundiniError", "MediaError", "MaskError", "ConfigError", "ModelError", "UnheardError"),
    *("MissingError", "BusyError", "TooLargeError", "AddressError", "UnreachableError"),
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
    "web/files/folder.py:lock_folder": "the server does not start",
    "web/jobs/job_queue.py:_run": "a defect",
    "editing/editor.py": "arrays from Python",
    "editing/edit_file.py": "arguments from Python",
    "media/limits.py:value": "the server's environment",
    "media/output.py:check_output": "outputs are named by the server",
    "media/output.py:check_target": "outputs are named by the server",
    "jobs/job.py:find_job": "jobs are named on the command line",
    "weights/inventory.py:paper_folders": "packs are named by the server",
}


def raised(*modules):
    """Every call that makes an error or a message: file and function (``media/sound.py:load``), and the call."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = str(path.relative_to(SOURCE))
        if not modules or name.startswith(modules):
            yield from _calls(name, "", ast.parse(path.read_text()))


def visible():
    """The sentences that a visitor of the page can meet."""
    return {
        call.args[0].value
        for place, call in raised(*REACHED)
        if isinstance(call.args[0], ast.Constant)
        and call.args[0].value
        and not {place, place.partition(":")[0]} & NOT_REACHED.keys()
    }


def _calls(module, function, node):
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef) else function
        if isinstance(child, ast.Call) and child.args:
            called = getattr(child.func, "attr", getattr(child.func, "id", ""))
            if called in ERRORS | {"Message"}:
                yield f"{module}:{inside}", child
        yield from _calls(module, inside, child)
