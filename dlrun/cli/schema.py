"""`dlrun schema`: the language as a JSON Schema, for completion and checks in editors."""

from __future__ import annotations

from dlrun.cli.terminal.output import write_json


def schema() -> None:
    """Print a JSON Schema of the language, for editors."""
    from dlrun.config.json_schema import json_schema

    write_json(json_schema())
