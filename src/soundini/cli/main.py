"""The entry point: arguments in, exit code out."""

import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated

import tyro

from soundini._version import __version__
from soundini.cli.batch import Batch
from soundini.cli.benchmark import Benchmark, Study
from soundini.cli.data import Data
from soundini.cli.demo import Demo
from soundini.cli.doctor import Doctor
from soundini.cli.edit import Edit, Resume
from soundini.cli.evaluate import Evaluate
from soundini.cli.hear import Hear
from soundini.cli.jobs import Jobs
from soundini.cli.measure import Measure
from soundini.cli.preview import MaskPreview, Preview
from soundini.cli.settings import Settings
from soundini.cli.train import Train
from soundini.cli.web import Web
from soundini.cli.weights import Weights
from soundini.cli.words import shown
from soundini.errors import SoundiniError

_MASK_PREVIEW = "mask preview"
_DASHED = re.compile(r"-.+", re.DOTALL)
_NUMBERS = re.compile(r"-[\d.,-]+")
_BEFORE_FILES = {"-o", "--output", "-s", "--sound", "-m", "--mask", "--recipe"}
"""Options that take a file's name."""
Command = (
    Annotated[Edit, tyro.conf.subcommand("edit")]
    | Annotated[Resume, tyro.conf.subcommand("resume")]
    | Annotated[Batch, tyro.conf.subcommand("batch")]
    | Annotated[Jobs, tyro.conf.subcommand("jobs")]
    | Annotated[Preview, tyro.conf.subcommand("preview")]
    | Annotated[Hear, tyro.conf.subcommand("hear")]
    | Annotated[MaskPreview, tyro.conf.subcommand(_MASK_PREVIEW)]
    | Annotated[Web, tyro.conf.subcommand("web")]
    | Annotated[Demo, tyro.conf.subcommand("demo")]
    | Annotated[Settings, tyro.conf.subcommand("settings")]
    | Annotated[Doctor, tyro.conf.subcommand("doctor")]
    | Annotated[Weights, tyro.conf.subcommand("weights")]
    | Annotated[Data, tyro.conf.subcommand("data")]
    | Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Measure, tyro.conf.subcommand("measure")]
    | Annotated[Benchmark, tyro.conf.subcommand("benchmark")]
    | Annotated[Study, tyro.conf.subcommand("study")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
)
DESCRIPTION = "Edit a video by a sound: what is heard is seen inside the mask."
INTERRUPTED = 130
_LONGEST = 1000
"""Characters of a message."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments without the program's name; None for the process's own.

    Returns:
        0; 2 for an error that the user can fix, with one line on stderr; 130 when interrupted.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # warnings of libraries are for programmers, not for users
    return told(lambda: _run(sys.argv[1:] if argv is None else list(argv)))


def told(run: Callable[[], int]) -> int:
    """Run a command; print an error that the user can fix as one line on stderr.

    Args:
        run: the command; it returns the exit code.

    Returns:
        The exit code, see :func:`main`.
    """
    try:
        return run()
    except SoundiniError as error:
        return _fail(shown(error.message), error.exit_code, error)
    except KeyboardInterrupt as error:
        words = "stopped" if _notes(error) else "stopped; nothing was written"
        return _fail(words, INTERRUPTED, error, kind="")
    except BrokenPipeError:
        # Nobody reads our output any more; without this, the flush at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        words = f"{name}{error.strerror or error}; check the disk, the folder and its rights"
        return _fail(words, error=error)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        words = "the memory is full; --set compute.chunk=1, then lower window.frames or region.size"
        return _fail(words, error=error)


def parse(argv: Sequence[str]) -> Command:
    """Parse a command line without running it.

    Args:
        argv: arguments without the program's name.

    Raises:
        SystemExit: help was printed, or the arguments are wrong and stderr says why.
    """
    arguments = _with_dashed_files(argv)
    if arguments[:2] == _MASK_PREVIEW.split():
        arguments = [_MASK_PREVIEW, *arguments[2:]]
    return tyro.cli(
        Command,
        prog="soundini",
        description=DESCRIPTION,
        args=arguments,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
    )


def _with_dashed_files(argv: Sequence[str]) -> list[str]:
    """Return the arguments with file names that begin with a dash marked as files, not options."""
    arguments = list(argv)
    options = arguments.index("--") if "--" in arguments else len(arguments)
    for i, text in enumerate(arguments[:options]):
        named = i > 0 and arguments[i - 1] in _BEFORE_FILES
        named = named and ("." in text or not text.startswith("--"))
        if not _DASHED.fullmatch(text) or _NUMBERS.fullmatch(text):
            continue
        if named or os.path.lexists(text):
            arguments[i] = f"./{text}"
    return arguments


def _run(argv: list[str]) -> int:
    if argv[:1] == ["--version"]:
        print(f"soundini {__version__}")
        return 0
    try:
        command = parse(argv)
    except SystemExit as end:  # tyro has printed help or an error
        return end.code if isinstance(end.code, int) else 2
    return command.run()


def _fail(
    message: str, code: int = 2, error: BaseException | None = None, kind: str = "error: "
) -> int:
    """Print what went wrong as one line, with the error's notes, which say how to go on."""
    words = "; ".join([_shortened(message), *_notes(error)])
    print(f"soundini: {kind}{' '.join(words.split())}", file=sys.stderr)
    return code


def _shortened(message: str) -> str:
    """Cut the middle out of a message that is too long; it may repeat input of any length."""
    if len(message) <= _LONGEST:
        return message
    return f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"


def _notes(error: BaseException | None) -> list[str]:
    return getattr(error, "__notes__", [])


def _is_out_of_memory(error: Exception) -> bool:
    """CUDA has its own exception class; the CPU's allocator is recognised by its message."""
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(w in str(error).lower() for w in words)
