"""`dlrun compare RUN...`: metrics side by side, and what the seeds allow to say of them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.completion import complete_run
from dlrun.cli.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, Where
from dlrun.cli.output import screen_of, write_data, write_json, write_message

if TYPE_CHECKING:
    from dlrun.workflows.compare import RunComparison

SomeRuns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...",
        help="Run folders, parts of their names that no other run has, or `latest`.",
        autocompletion=complete_run,
        show_default=False,
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="KEY",
        help="Only this metric, such as test.accuracy or val_loss. Can be given several times.",
        show_default=False,
    ),
]


def compare(
    runs: SomeRuns = None,
    *,
    where: Where = None,
    metric: Metrics = None,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
    as_json: AsJson = False,
) -> None:
    """Compare runs, and groups of runs over seeds.

    Shows metrics side by side, the keys in which the configs differ, and verdicts over seeds.
    """
    from dlrun.workflows import compare as workflow

    named = [*(runs or []), *(workflow.runs_where(where, runs_dir) if where is not None else [])]
    found = workflow.compare(named, runs_dir=runs_dir, metrics=metric or ())
    if as_json:
        write_json(comparison_json(found))
        return
    from dlrun.cli.comparisons import draw_comparison

    for warning in found.warnings:
        write_message(warning)
    write_data(draw_comparison(found, screen=screen_of(sys.stdout)))


def comparison_json(found: RunComparison) -> dict[str, Any]:
    """Give a comparison as JSON can express it.

    Args:
        found: The comparison.

    Returns:
        The runs, their metrics and differing keys in the order of the runs; the groups likewise.
    """
    from dlrun.absent import ABSENT

    def plain(keys: Any) -> dict[str, list[Any]]:
        return {
            key: [None if value is ABSENT else value for value in values]
            for key, values in keys.items()
        }

    return {
        "runs": [run.run for run in found.runs],
        "metrics": [asdict(row) for row in found.rows],
        "config": plain(found.keys),
        "groups": [
            {
                "label": group.label,
                "runs": [found.runs[number].run for number in group.runs],
                "seeds": group.seeds,
            }
            for group in found.groups
        ],
        "group_metrics": [asdict(row) for row in found.group_rows],
        "group_config": plain(found.group_keys),
        "warnings": found.warnings,
    }
