"""`dlrun validate CONFIG...`: all mistakes of configs, told before anything heavy is loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.options import AsJson, ConfigPaths, Overrides, option
from dlrun.cli.terminal.activity import show_activity
from dlrun.cli.terminal.output import Screen, fill, screen_of, write_data, write_json, write_message
from dlrun.cli.terminal.tables import align, bold, cut_cells, draw, draw_if_fitting, fold
from dlrun.errors import ConfigError, Problem, UsageError
from dlrun.wording import did_you_mean, printable, quote, value_text

if TYPE_CHECKING:
    from dlrun.arrays import Spec, View
    from dlrun.column import ColumnKind
    from dlrun.config import Experiment
    from dlrun.config.nodes import Place
    from dlrun.shapes import Shape, Step
    from dlrun.workflows.validate import Verdict

_UNKNOWN = "?"
_SUMS = (("parameters", None), ("trainable", True), ("not trainable", False))

WithSummary = Annotated[
    bool, option("--summary", "Also print each layer's output shape and parameters.")
]
Explained = Annotated[
    list[str] | None,
    option(
        "--explain KEY",
        "Also say where the value of a key was written, such as training.epochs, or of all keys "
        "below one. Can be given several times.",
    ),
]


def validate(
    configs: ConfigPaths,
    *,
    overrides: Overrides = None,
    with_summary: WithSummary = False,
    explained: Explained = None,
    as_json: AsJson = False,
) -> None:
    """Check configs, and their data as far as that is cheap.

    Every mistake is told with its place, and so is what is seldom meant. The exit code is that of
    `dlrun train`: 2 for the config, 3 for its data; 2 where several configs differ.
    """
    show_activity(f"checking {configs[0]} ...", soon=True)
    from dlrun.workflows import validate as workflow

    found = {path: workflow.validate(path, overrides or []) for path in configs}
    if as_json:
        write_json(
            [
                _as_data(path, verdict, with_summary=with_summary, keys=explained or ())
                for path, verdict in found.items()
            ]
        )
    else:
        for path, verdict in found.items():
            _show(path, verdict, with_summary=with_summary, keys=explained or ())
    everything = [problem for verdict in found.values() for problem in verdict.problems]
    if not everything:
        return
    codes = {verdict.exit_code for verdict in found.values() if verdict.problems}
    refusal = ConfigError(*everything)
    refusal.exit_code = codes.pop() if len(codes) == 1 else ConfigError.exit_code
    if as_json:
        raise typer.Exit(refusal.exit_code)
    raise refusal


def _show(path: Path, verdict: Verdict, *, with_summary: bool, keys: Sequence[str]) -> None:
    from dlrun.workflows.validate import doubts_of, untold_columns

    if verdict.experiment is None:
        return
    for doubt in doubts_of(verdict, with_summary=with_summary):
        write_message(f"warning: {doubt}")
    write_data(f"{path}: valid")
    if keys:
        rows = [
            [key, value_text(value), str(place or "default")]
            for key, value, place in _origins(verdict.experiment, keys)
        ]
        screen = screen_of(sys.stdout)
        stacked = (f"{key}\n{fold(said, screen, indent='    ')}" for key, *said in rows)
        write_data(draw_if_fitting(rows, screen, left=3) or "\n".join(stacked))
    if with_summary:
        summary = summarize(verdict.experiment, verdict.spec)
        write_data(f"\n{summary_text(summary, screen=screen_of(sys.stdout))}\n")
    untold = untold_columns(verdict.experiment) if with_summary else None
    for line in filter(None, [*_unchecked(verdict, with_summary=with_summary), untold]):
        write_message(f"{path}: not looked at: {line}")


def _origins(experiment: Experiment, keys: Sequence[str]) -> list[tuple[str, Any, Place | None]]:
    """Where values were written; a key that there is not is refused."""
    from dlrun.config import given

    rows = []
    for key in keys:
        found = given.origins(experiment, key)
        if not found:
            near = did_you_mean(key, [*type(experiment).model_fields, *given.flat(experiment)])
            fix = near or "Keys are dotted paths, such as model.layers[0].units."
            raise UsageError(f"The config has no key {quote(key)}.", where="--explain", fix=fix)
        rows += found
    return rows


def _unchecked(verdict: Verdict, *, with_summary: bool) -> list[str]:
    """What was not looked at; from where on shapes are not known, the summary tells by itself."""
    shapes = None if with_summary else verdict.unchecked_shapes
    return [*verdict.unchecked, *([] if shapes is None else [shapes])]


def _as_data(
    path: Path, verdict: Verdict, *, with_summary: bool, keys: Sequence[str]
) -> dict[str, Any]:
    from dlrun.workflows.validate import doubts_of

    experiment = verdict.experiment
    data = {
        "config": path,
        "valid": not verdict.problems,
        "problems": list(map(_problem_data, verdict.problems)),
        "warnings": list(map(_problem_data, doubts_of(verdict, with_summary=with_summary))),
        "not_looked_at": _unchecked(verdict, with_summary=False),
    }
    if keys and experiment is not None:
        data["explained"] = [
            {"key": key, "value": value, "location": None if place is None else str(place)}
            for key, value, place in _origins(experiment, keys)
        ]
    if with_summary:
        data["summary"] = (
            None if experiment is None else summary_data(summarize(experiment, verdict.spec))
        )
    return data


def _problem_data(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("location", "path", "what", "fix")}


@dataclass(frozen=True)
class Summary:
    """The layers of an experiment."""

    dataset: str
    sample: Shape | None  # of one row; None where it is not known before the data are read
    steps: tuple[Step, ...]  # one for each layer
    views: tuple[View, ...] = ()  # what layers read by name of a row
    kinds: tuple[ColumnKind, ...] = ()  # of the columns of a table, where they are known

    @property
    def first_unknown(self) -> Step | None:
        """The layer from which on nothing is known."""
        return next((step for step in self.steps if step.weights is None), None)

    @property
    def is_stack(self) -> bool:
        """Whether each layer reads the one above it, which needs no telling."""
        above = ["input", *(step.name for step in self.steps)]
        return all(step.inputs == (name,) for step, name in zip(self.steps, above, strict=False))


def _count(*steps: Step, trainable: bool | None = None) -> int:
    from dlrun.shapes import count_parameters

    return sum(count_parameters(step.weights or (), trainable=trainable) for step in steps)


def summarize(experiment: Experiment, spec: Spec | None = None) -> Summary:
    """Follow a row, as `spec` tells of it where it is known, through the layers, without Keras."""
    from dlrun.workflows.validate import columns_of, follow_layers

    sample, steps = follow_layers(experiment, spec)
    views = spec.views if spec else ()
    return Summary(experiment.dataset.type, sample, steps, views, columns_of(experiment))


def summary_text(summary: Summary, *, screen: Screen) -> str:
    """Draw one line per layer, or two where that is too wide; below, the sums."""
    headings = ["layer", "type", "inputs", "output shape", "parameters"]
    rows = [["input", summary.dataset, "", _shown(summary.sample), ""]]
    if summary.views:
        rows = [_source(view, summary.dataset) for view in summary.views]
    for step in summary.steps:
        count = _UNKNOWN if step.weights is None else f"{_count(step):,}"
        rows.append([step.name, step.type, ", ".join(step.inputs), _shown(step.shape), count])
    if summary.is_stack:
        headings, *rows = [[*row[:2], *row[3:]] for row in (headings, *rows)]
    table = draw_if_fitting([bold(headings), *rows], screen, left=len(headings) - 1)
    parts = [_columns(summary.kinds, screen)] if summary.kinds else []
    parts.append(_stacked(rows, screen) if table is None else table)
    unknown = summary.first_unknown
    if summary.sample is not None:
        least = "" if unknown is None else "at least "
        counts = [(name, _count(*summary.steps, trainable=which)) for name, which in _SUMS]
        parts.append(draw(align([[name, f"{least}{count:,}"] for name, count in counts]), screen))
    if unknown is not None:
        end = "The shape of the data is known when they are read; shapes"
        if summary.sample is not None:
            end = f"Shapes from '{unknown.name}' ({unknown.type}) on"
        end += " are checked when the model is built."
        parts.append(fill(end, min(screen.width, 100)))
    return "\n\n".join(parts)


def _columns(kinds: Sequence[ColumnKind], screen: Screen) -> str:
    """A line for each column: what it is, and why."""
    from dlrun.columns.inference import describe_kinds

    lines = [printable(line) for line in describe_kinds(kinds)]
    width = max(screen.width, 20)
    return "\n".join(fill(line, width, hang=4, whole=True) for line in lines)


def _source(view: View, dataset: str) -> list[str]:
    """The line of a part of a row."""
    kind = "class number" if view.ids else "column" if view.shape is None else "array"
    shape = _shown(view.sample)
    return [view.name, dataset if view.name == "input" else kind, "", shape, ""]


def summary_data(summary: Summary) -> dict[str, Any]:
    """Give a summary as `--json` prints it; null for what is not known."""
    is_complete = summary.first_unknown is None
    return {
        "input_shape": _with_batch(summary.sample),
        **({"columns": list(map(asdict, summary.kinds))} if summary.kinds else {}),
        "layers": [
            {
                "name": step.name,
                "type": step.type,
                "inputs": step.inputs,
                "output_shape": _with_batch(step.shape),
                **_counts(step),
            }
            for step in summary.steps
        ],
        **_counts(*summary.steps),
        "complete": is_complete,
    }


def _counts(*steps: Step) -> dict[str, int | None]:
    is_known = all(step.weights is not None for step in steps)
    return {
        name.replace(" ", "_"): _count(*steps, trainable=which) if is_known else None
        for name, which in _SUMS
    }


def _stacked(rows: list[list[str]], screen: Screen) -> str:
    """Each layer in two lines: what it is, and what it gives and keeps."""
    first, second = [], []
    for name, kind, *inputs, shape, count in rows:
        reads = f" < {inputs[0]}" if inputs and inputs[0] else ""
        first.append(cut_cells(printable(f"{name} ({kind}){reads}"), screen.width))
        second.append([f"  {shape}", count])
    lower = draw(align(second, width=screen.width), screen).split("\n")
    return "\n".join(f"{above}\n{below}" for above, below in zip(first, lower, strict=True))


def _with_batch(shape: Shape | None) -> Shape | None:
    return None if shape is None else (None, *shape)


def _shown(shape: Shape | None) -> str:
    return _UNKNOWN if shape is None else str(_with_batch(shape))
