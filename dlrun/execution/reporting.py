"""Gathers what the plots and the page of a run are made of, from its model and its rows."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlrun.arrays import Samples, Spec, Splits
from dlrun.columns.packing import parts
from dlrun.config import Experiment
from dlrun.data.labels import class_numbers, decode
from dlrun.data.streams import chunks
from dlrun.data.thresholds import thresholded
from dlrun.errors import DlrunError, failure
from dlrun.reports.importance import (
    MOST_COLUMNS,
    Importances,
    permutation_importance,
    rows_to_look_at,
)
from dlrun.reports.run_data import (
    LEARNING_RATE,
    MAX_OTHER_ROWS,
    MAX_ROWS,
    Layer,
    ReportData,
    Rows,
    class_scores,
    entries_of_columns,
)
from dlrun.reports.words import WordEffects, word_effects
from dlrun.rundir.files import is_read_only, link_error, remove_abandoned, write_bytes, write_output
from dlrun.rundir.folder import Run
from dlrun.rundir.metrics import JUDGING_ORDER, is_larger_better, main_metric
from dlrun.rundir.names import PLOT_FORMATS, PLOTS, REPORT, REPORT_NUMBERS, VALIDATION
from dlrun.training.listener import Listener

if TYPE_CHECKING:
    from dlrun.execution.assembly import Assembly
    from dlrun.execution.measure import Measured
    from dlrun.execution.opening import OpenedRun
    from dlrun.reports.plots.shelf import Picture
    from dlrun.training.evaluation import Predictor

MOST_NUMBERS = 2**25  # of validation rows, beside the judged ones, in memory
_RATES = 200  # how many points of a schedule of the learning rate are worked out


def add_report(
    experiment: Experiment,
    assembly: Assembly,
    splits: Splits,
    measured: Measured,
    *,
    run: Run,
    listener: Listener,
) -> None:
    """Report on a run that has just finished, whose record is closed.

    A failure is a warning: everything that the training gave is on the disk already.
    """
    try:
        data = collect_report_data(experiment, assembly, splits, measured, run=run)
        write_report(data, run)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the run is complete
        line = f"warning: the run is complete, but its report failed: {failure(error)}"
        listener.message(f"{line}\n  `dlrun report {run.path}` tries again.")
        with suppress(DlrunError):
            run.log(line)


def report_again(
    opened: OpenedRun,
    assembly: Assembly,
    splits: Splits,
    notes: tuple[str, ...],
    *,
    output: Path | None = None,
    form: str | None = None,
) -> Path:
    """Report on a run of before, whose model is measured again; see `write_report`."""
    from dlrun.execution.measure import measure_splits

    run, experiment = opened.run, opened.experiment
    opened.listener.doing("drawing plots and the report ...")
    measured = measure_splits(experiment, assembly, splits)
    data = collect_report_data(experiment, assembly, splits, measured, run=run, notes=notes)
    return write_report(data, run, output, form)


def write_report(
    data: ReportData, run: Run, output: Path | None = None, form: str | None = None
) -> Path:
    """Write the plots and the page of a run; matplotlib is imported here.

    The page holds the plots too: where it goes elsewhere, the run folder may be one that can only
    be read. `form` is that of the plots, None for what the config says.
    """
    from dlrun.reports.page.links import links_of_run
    from dlrun.reports.page.run_page import run_page
    from dlrun.reports.plots.shelf import draw_plots

    pictures = draw_plots(data, form or data.experiment.plots.format)
    try:
        _write_plots(pictures, run)
        _write_numbers(data, run)
    except DlrunError as error:
        if not is_read_only(error):
            raise
        if output is None:
            fix = "Name another place for the page with -o FILE."
            raise DlrunError(error.what, where=error.where, fix=fix) from error
    page = run_page(data, pictures, links_of_run(run.path, output or run.file(REPORT)))
    if output is None:
        run.write_text(REPORT, page)
        return run.file(REPORT)
    write_output(output, lambda path: path.write_text(page, "utf-8", "backslashreplace"))
    return output


def _write_plots(pictures: Sequence[Picture], run: Run) -> None:
    """Write the plots of a run; those of an earlier report that no longer fit are removed."""
    from dlrun.reports.plots.shelf import PLOTS as ALL
    from dlrun.reports.plots.shelf import files_of

    if run.file(PLOTS).is_symlink():
        raise link_error(run.file(PLOTS))
    remove_abandoned(run.path)
    files = files_of(pictures)
    for name, content in files.items():
        write_bytes(run.file(f"{PLOTS}/{name}"), content)
    possible = {f"{plot.NAME}.{ending}" for plot in ALL for ending in (*PLOT_FORMATS, "csv")}
    for name in possible - files.keys():
        stale = run.file(f"{PLOTS}/{name}")
        if os.path.lexists(stale):
            stale.unlink()


def _write_numbers(data: ReportData, run: Run) -> None:
    """Write what no other file holds; without any, that of an earlier report is removed."""
    found = {"permutation_importance": data.importances, "word_effects": data.words}
    told = {name: one.to_json() for name, one in found.items() if one is not None}
    if told:
        run.write_json(REPORT_NUMBERS, told)
    elif os.path.lexists(run.file(REPORT_NUMBERS)):
        run.file(REPORT_NUMBERS).unlink()


def collect_report_data(
    experiment: Experiment,
    assembly: Assembly,
    splits: Splits,
    measured: Measured,
    *,
    run: Run,
    notes: tuple[str, ...] = (),
) -> ReportData:
    """Gather what a report shows of a run, whose record is closed.

    The work and the memory that it takes are bounded, however many rows there are.
    """
    from dlrun.models.weights import get_weights

    spec, predictor = splits.spec, assembly.predictor
    present = {name: rows for name, rows in splits.present().items() if rows.y is not None}
    limits = dict.fromkeys(present, MAX_OTHER_ROWS) | {list(present)[-1]: MAX_ROWS}
    if thresholded(spec):  # a threshold is chosen by them
        fitting = MOST_NUMBERS // math.prod(spec.input_shape)
        limits |= {VALIDATION: int(np.clip(fitting, MAX_OTHER_ROWS, MAX_ROWS))}
    importances, said = _importances(experiment, assembly, present, measured)
    history = {name: np.array(values) for name, values in run.history.items()}
    if LEARNING_RATE not in history and history:
        rates = _scheduled_rates(experiment, len(splits.train), history)
        history |= {} if rates is None else {LEARNING_RATE: rates}
    rows = {name: _rows(name, splits, limits[name], predictor) for name, samples in present.items()}
    return ReportData(
        run=run.name,
        experiment=experiment,
        record=run.read_record(),
        spec=spec,
        layers=_layers(experiment, assembly.model),
        history=history,
        weights=get_weights(assembly.model),
        metrics=measured.metrics,
        classification=measured.judged.classification,
        labels=measured.judged.labels,
        baseline=measured.judged.baseline,
        class_counts=_class_counts(present, spec),
        rows=rows,
        answer=predictor.predict,
        decide=lambda outputs: decode(outputs, spec),
        notes=(*notes, *said),
        early=run.ended_early(experiment.training.epochs),
        said=run.notes,
        importances=importances,
        words=_words(list(rows.values())[-1], spec, predictor),
    )


def _importances(
    experiment: Experiment, assembly: Assembly, present: dict[str, Samples], measured: Measured
) -> tuple[Importances | None, tuple[str, ...]]:
    """Find out what each column is worth, on rows that were not trained on where there are some.

    Returns the importances, and what has to be said where there are none.
    """
    from dlrun.training.evaluation import Evaluator

    spec = assembly.spec
    groups = entries_of_columns(spec)
    split = next(name for name in JUDGING_ORDER if name in present)
    samples = present[split]
    if len(groups) < 2 or len(samples) < 2:  # noqa: PLR2004
        return None, ()
    if len(groups) > MOST_COLUMNS:
        many = f"{len(groups):,} columns are more than {MOST_COLUMNS}"
        return None, (f"What each column is worth was not worked out: {many}.",)
    chosen = samples.take(rows_to_look_at(len(samples), len(groups)))
    evaluator = Evaluator(assembly.steps.final, batch_size=experiment.training.batch_size)
    _, metric = main_metric({split: measured.metrics.get(split, {})}) or ("", "")
    value = evaluator.evaluate(chosen).get(metric, np.nan)
    if not np.isfinite(value):
        return None, ()
    columns = permutation_importance(
        np.asarray(chosen.x),
        groups,
        lambda x: evaluator.evaluate(replace(chosen, x=x))[metric],
        larger=is_larger_better(metric),
        seed=experiment.seed,
    )
    rows, total = len(chosen), len(samples)
    return Importances(split, metric, value, rows, total, columns), ()


def _rows(split: str, splits: Splits, most: int, predictor: Predictor) -> Rows:
    """Take rows, evenly spaced where there are too many, and predict them."""
    samples, spec = splits.present()[split], splits.spec
    total = len(samples)
    numbers = np.arange(total)
    if total > most:
        numbers = np.linspace(0, total - 1, most).round().astype(np.int64)
    taken = samples.take(numbers)
    outputs = predictor.predict(taken.x)  # (rows, outputs)
    y_true: NDArray[Any] = np.asarray(taken.y)
    y_pred: NDArray[Any] = outputs
    if spec.class_names is not None:
        y_true, y_pred = class_numbers(y_true, spec), decode(outputs, spec)  # (rows,) both
    return Rows(
        split, total, numbers, np.asarray(taken.x), y_true, y_pred, outputs, taken.foretold,
        splits.origins.get(split),
    )  # fmt: skip


def _words(judged: Rows, spec: Spec, predictor: Predictor) -> WordEffects | None:
    """Find out which words move the answers of the judged rows, where layers look some up."""

    def score(x: NDArray[Any]) -> NDArray[Any]:
        outputs = predictor.predict(x)
        return class_scores(outputs, spec) if spec.class_names is not None else outputs

    names = spec.class_names or ()
    found = (
        word_effects(judged.x, part, score, split=judged.split, names=names)
        for part in parts(spec.columns or (), spec.views)
    )
    return next((one for one in found if one is not None), None)


def _class_counts(present: dict[str, Samples], spec: Spec) -> dict[str, tuple[int, ...]]:
    if spec.class_names is None:
        return {}
    classes, found = len(spec.class_names), {}
    for name, samples in present.items():
        counts = np.zeros(classes, np.int64)
        for y in chunks(samples.y) if samples.y is not None else ():
            counts += np.bincount(class_numbers(y, spec), minlength=classes)
        found[name] = tuple(counts.tolist())
    return found


def _layers(experiment: Experiment, model: Any) -> tuple[Layer, ...]:
    described = []
    for layer in experiment.model.layers:
        built = model.get_layer(layer.name)
        activation = layer.arguments.get("activation")
        if isinstance(activation, dict):
            activation = activation.get("type")
        described.append(
            Layer(
                layer.name,
                layer.type,
                tuple(layer.inputs or ()),
                tuple(built.output.shape[1:]),
                int(built.count_params()),
                None if activation in (None, "linear") else str(activation),
                layer.trainable,
            )
        )
    return tuple(described)


def _scheduled_rates(
    experiment: Experiment, rows: int, history: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64] | None:
    """Work out what a schedule over steps made of the learning rate, at the end of each epoch."""
    from dlrun.backend.components import create

    optimizer = experiment.optimizer
    rate = None if optimizer is None else optimizer.arguments.get("learning_rate")
    if not isinstance(rate, dict):
        return None
    schedule = create("schedules", rate, path="optimizer.learning_rate")
    epochs, steps = max(map(len, history.values())), -(-rows // experiment.training.batch_size)
    chosen = np.unique(np.linspace(1, epochs, min(epochs, _RATES)).round().astype(int))
    rates = [float(schedule(int(epoch) * steps - 1)) for epoch in chosen]
    return np.interp(np.arange(1, epochs + 1), chosen, rates)  # (epochs,)
