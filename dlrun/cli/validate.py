"""`dlrun validate CONFIG...`: all mistakes of configs, told before anything heavy is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dlrun.cli.completion import complete_config
from dlrun.cli.options import AsJson, Overrides  # noqa: TC001 - typer reads them
from dlrun.cli.output import write_data, write_json
from dlrun.errors import ConfigError, DlrunError, Problem

ConfigPaths = Annotated[
    list[Path],
    typer.Argument(
        metavar="CONFIG...",
        help="The experiments: YAML files.",
        autocompletion=complete_config,
        show_default=False,
    ),
]


def validate(
    configs: ConfigPaths,
    *,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Check configs and tell every mistake with its place."""
    found = {path: _problems(path, overrides or []) for path in configs}
    if as_json:
        write_json([_as_data(path, problems) for path, problems in found.items()])
    else:
        for path, problems in found.items():
            if not problems:
                write_data(f"{path}: valid")
    everything = [problem for problems in found.values() for problem in problems]
    if everything and as_json:
        raise typer.Exit(ConfigError.exit_code)
    if everything:
        raise ConfigError(*everything)


def _problems(path: Path, overrides: list[str]) -> tuple[Problem, ...]:
    """Every mistake in a config; none where it is valid."""
    from dlrun.config import load_config

    try:
        load_config(path, overrides)
    except ConfigError as error:
        return error.problems
    except DlrunError as error:
        return (Problem("", error.what, error.fix, error.where),)
    return ()


def _as_data(path: Path, problems: tuple[Problem, ...]) -> dict[str, Any]:
    """What `--json` prints for a config."""
    return {
        "config": path,
        "valid": not problems,
        "problems": [
            {
                "location": problem.location,
                "path": problem.path,
                "what": problem.what,
                "fix": problem.fix,
            }
            for problem in problems
        ],
    }
