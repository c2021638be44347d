"""`dlrun validate CONFIG...`: all mistakes of configs, told before anything heavy is loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.options import AsJson, ConfigPaths, Overrides
from dlrun.cli.output import screen_of, write_data, write_json, write_message
from dlrun.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from dlrun.config import Experiment
    from dlrun.workflows.validate import Verdict

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
    """Check configs, and their data as far as that is cheap.

    Every mistake is told with its place, and so is what is seldom meant.
    """
    from dlrun.config.rules import doubts
    from dlrun.workflows import validate as workflow

    found = {path: workflow.validate(path, overrides or []) for path in configs}
    if as_json:
        write_json(
            [_as_data(path, verdict, with_summary=with_summary) for path, verdict in found.items()]
        )
    else:
        for path, verdict in found.items():
            if verdict.experiment is not None:
                for doubt in doubts(verdict.experiment):
                    write_message(f"warning: {doubt}")
                write_data(f"{path}: valid")
                if with_summary:
                    write_data(f"\n{_summary(verdict.experiment)}\n")
                for line in _unchecked(verdict, with_summary=with_summary):
                    write_message(f"{path}: not looked at: {line}")
    everything = [problem for verdict in found.values() for problem in verdict.problems]
    if everything and as_json:
        raise typer.Exit(ConfigError.exit_code)
    if everything:
        raise ConfigError(*everything)


def _unchecked(verdict: Verdict, *, with_summary: bool) -> list[str]:
    """What was not looked at; from where on shapes are not known, the summary tells by itself."""
    shapes = None if with_summary else verdict.unchecked_shapes
    return [*verdict.unchecked, *([] if shapes is None else [shapes])]


def _summary(experiment: Experiment) -> str:
    """The table of layers."""
    from dlrun.cli.summary import summarize, summary_text

    return summary_text(summarize(experiment), screen=screen_of(sys.stdout))


def _as_data(path: Path, verdict: Verdict, *, with_summary: bool) -> dict[str, Any]:
    """What `--json` prints for a config."""
    from dlrun.cli.summary import summarize, summary_data
    from dlrun.config.rules import doubts

    experiment = verdict.experiment
    data = {
        "config": path,
        "valid": not verdict.problems,
        "problems": [_told(problem) for problem in verdict.problems],
        "warnings": [] if experiment is None else [_told(doubt) for doubt in doubts(experiment)],
        "not_looked_at": _unchecked(verdict, with_summary=False),
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
