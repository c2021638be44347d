"""The command line: what the user types and reads."""

from dlrun.cli.main import main

__all__ = ["main"]
