"""The command line. Every command is a file here; ``options.py`` declares what they share."""

from soundini.cli.main import main

__all__ = ["main"]
