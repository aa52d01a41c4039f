"""Messages of soundini as the command line words them: an option is shown as it is typed."""

import shlex

from soundini.cli.options import EDIT_FLAGS, MASK_FLAGS
from soundini.errors import Message, Option

_FLAG_OF = {setting: flag for flag, setting in (MASK_FLAGS | EDIT_FLAGS).items()}


def shown(message: Message) -> str:
    """A message in English, with options such as ``--heard-as rain`` or ``--set sampling.steps=8``."""
    return message.text(_typed)


def print_warning(message: Message | str, width: int = 12) -> None:
    """Print a warning.

    Args:
        message: what to warn of.
        width: column at which it begins.
    """
    words = shown(message) if isinstance(message, Message) else message
    print(f"{'warning':{width}}{words}", flush=True)


def _typed(option: Option) -> str:
    value = f" {shlex.quote(option.value)}" if option.value else ""
    name = _FLAG_OF.get(option.name, option.name)
    if "." not in name:
        return f"--{name.replace('_', '-')}{value}"
    return f"--set {option}" if option.value else name
