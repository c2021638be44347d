"""`dlrun validate CONFIG...`: all mistakes of configs, told before anything heavy is loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.options import AsJson, ConfigPaths, Overrides  # noqa: TC001 - typer reads them
from dlrun.cli.output import screen_of, write_data, write_json, write_message
from dlrun.errors import ConfigError, DlrunError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.config import Experiment

WithSummary = Annotated[
    bool, typer.Option("--summary", help="Also print each layer's output shape and parameters.")
]


def validate(
    configs: ConfigPaths,
    *,
    overrides: Overrides = None,
    with_summary: WithSummary = False,
    as_json: AsJson = False,
) -> None:
    """Check configs and tell every mistake with its place, and what is seldom meant."""
    from dlrun.config.rules import doubts

    found = {path: _read(path, overrides or []) for path in configs}
    if as_json:
        write_json(
            [_as_data(path, *read, with_summary=with_summary) for path, read in found.items()]
        )
    else:
        for path, (experiment, _) in found.items():
            if experiment is not None:
                for doubt in doubts(experiment):
                    write_message(f"warning: {doubt}")
                write_data(f"{path}: valid")
                if with_summary:
                    write_data(f"\n{_summary(experiment)}\n")
    everything = [problem for _, problems in found.values() for problem in problems]
    if everything and as_json:
        raise typer.Exit(ConfigError.exit_code)
    if everything:
        raise ConfigError(*everything)


def _read(path: Path, overrides: list[str]) -> tuple[Experiment | None, tuple[Problem, ...]]:
    """The experiment, or every mistake in its config."""
    from dlrun.config import load_config

    try:
        return load_config(path, overrides), ()
    except ConfigError as error:
        return None, error.problems
    except DlrunError as error:
        return None, (Problem("", error.what, error.fix, error.where),)


def _summary(experiment: Experiment) -> str:
    """The table of layers."""
    from dlrun.cli.summary import summarize, summary_text

    return summary_text(summarize(experiment), screen=screen_of(sys.stdout))


def _as_data(
    path: Path,
    experiment: Experiment | None,
    problems: tuple[Problem, ...],
    *,
    with_summary: bool,
) -> dict[str, Any]:
    """What `--json` prints for a config."""
    from dlrun.cli.summary import summarize, summary_data
    from dlrun.config.rules import doubts

    data = {
        "config": path,
        "valid": not problems,
        "problems": [_told(problem) for problem in problems],
        "warnings": [] if experiment is None else [_told(doubt) for doubt in doubts(experiment)],
    }
    if with_summary:
        data["summary"] = None if experiment is None else summary_data(summarize(experiment))
    return data


def _told(problem: Problem) -> dict[str, Any]:
    """What `--json` prints for a problem or a warning."""
    return {
        "location": problem.location,
        "path": problem.path,
        "what": problem.what,
        "fix": problem.fix,
    }
