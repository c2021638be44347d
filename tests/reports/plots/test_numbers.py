"""Each plot has its numbers beside it, names its run, and can be had in every format."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import (
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from dlrun.config.schema import PlotsConfig
from dlrun.reports.plots import (
    class_curves,
    learning_curves,
    precision_recall_curves,
    roc_curves,
    shelf,
    style,
)
from dlrun.reports.plots.numbers import MOST_POINTS, stacked, thinned, to_csv
from dlrun.reports.plots.shelf import draw_plots, files_of
from dlrun.reports.plots.sweep_shelf import draw_sweep
from dlrun.reports.run_data import ReportData, class_scores
from dlrun.rundir.names import PLOT_FORMATS
from tests.reports.stories import classification, regression
from tests.reports.sweeps import sweep_data


def tables(data: ReportData) -> dict[str, list[dict[str, str]]]:
    """The CSV files of all plots that fit a run, by name; nothing is drawn."""
    return {
        plot.NAME: list(csv.DictReader(to_csv(plot.numbers(data)).decode().splitlines()))
        for plot in shelf.PLOTS
        if plot.fits(data)
    }


def column(rows, name):
    return [float(row[name]) if row[name] else math.nan for row in rows]


def told_perfectly(data: ReportData, *classes: int) -> ReportData:
    """The same with some classes whose rows have larger scores than all others."""
    judged = data.judged
    outputs = judged.outputs.copy()
    for number in classes:
        outputs[:, number] = np.where(judged.y_true == number, 2.0, -1.0)
    return replace(data, rows={**data.rows, judged.split: replace(judged, outputs=outputs)})


def test_the_numbers_of_a_classification():
    """They are those of scikit-learn, of the history, and of the rows themselves."""
    data = classification(rows=300)
    found, judged = tables(data), data.judged
    curves = found["learning_curves"]
    assert list(curves[0]) == ["epoch", "loss", "val_loss"]
    assert column(curves, "val_loss") == data.history["val_loss"].tolist()

    counts = confusion_matrix(judged.y_true, judged.y_pred)
    assert [int(row["rows"]) for row in found["confusion_matrix"]] == counts.ravel().tolist()
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert column(found["confusion_matrix"], "share_of_true") == shares.ravel().tolist()

    scores = class_scores(judged.outputs, data.spec)[:, 1]
    false_rate, rate, _ = roc_curve(judged.y_true == 1, scores, drop_intermediate=False)
    roc = [row for row in found["roc_curves"] if row["class"] == "1"]
    assert column(roc, "false_positive_rate") == pytest.approx(false_rate)
    assert column(roc, "true_positive_rate") == pytest.approx(rate)
    precision, recall, _ = precision_recall_curve(judged.y_true == 1, scores)
    curve = [row for row in found["precision_recall_curves"] if row["class"] == "1"]
    assert column(curve, "recall") == pytest.approx(recall[::-1].tolist())
    assert column(curve, "precision") == pytest.approx(precision[::-1].tolist())

    plane = found["decision_boundary"]
    assert {row["split"] for row in plane} == {"train", "test", "model"}
    shown = [row for row in plane if row["split"] == "test"]
    assert [row["predicted"] for row in shown] == [str(one) for one in judged.y_pred]
    assert column(shown, "x1") == pytest.approx(judged.x[:, 0].tolist())
    asked = [row for row in plane if row["split"] == "model"]
    points = np.array([column(asked, "x1"), column(asked, "x2")], np.float32).T
    answers = data.decide(data.answer(points))
    assert [row["predicted"] for row in asked] == [str(one) for one in answers]

    weights = found["weight_histograms"]
    assert sum(column(weights, "count")) == sum(array.size for array in data.weights.values())


def test_the_numbers_of_a_regression():
    """A residual is the true less the predicted value."""
    data = regression(targets=2, rows=40)
    found = tables(data)
    values = [row for row in found["predicted_true"] if row["split"] == "test"]
    gaps = np.subtract(column(values, "true"), column(values, "predicted"))
    assert column(found["residuals"], "residual") == pytest.approx(gaps.tolist())
    line = [row for row in found["fitted_curve"] if row["split"] == "model"]
    answers = data.answer(np.array(column(line, "x1"), np.float32)[:, None])
    assert column(line, "t1") == pytest.approx(answers[:, 1].tolist(), rel=1e-5)


@pytest.mark.parametrize(
    "data",
    [
        classification(input_shape=(8, 8, 3), classes=11),
        classification(classes=40, rows=2000, input_shape=(5,)),
        classification(names=('a,"b"', "=1+1", "naïve\nGröße")),
        classification(history={"loss": np.array([1.0, np.inf, np.nan])}),
    ],
    ids=["images", "many", "odd names", "diverged"],
)
def test_every_plot_has_a_table(data):
    """Of columns of one length, each with a name; what is not finite is empty."""
    for plot in filter(lambda one: one.fits(data), shelf.PLOTS):
        text = to_csv(plot.numbers(data)).decode()
        rows = list(csv.reader(text.splitlines(keepends=True)))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1
        assert all(rows[0])
        assert not {"nan", "inf"} & {cell for row in rows for cell in row}


def test_the_plots_of_a_sweep_have_tables():
    """By the values of the axes, and the objective."""
    points = [({"lr": lr, "units": n}, lr + n / 100) for lr in (0.1, 0.01) for n in (4, 8)]
    pictures = draw_sweep(sweep_data(points)).all()
    texts = {one.name: one.files["csv"].decode() for one in pictures}
    found = {name: list(csv.DictReader(text.splitlines())) for name, text in texts.items()}
    effect = found["effect_1"]
    objective = next(name for name in effect[0] if name not in ("lr", "units", "margin"))
    assert sorted(column(effect, objective)) == sorted(value for _, value in points)
    assert set(found["pair_1"][0]) == {"lr", "units", objective}
    assert len(found["pair_1"]) == 4
    assert len(found["parallel_coordinates"]) == 4


def test_a_long_curve_keeps_its_ends():
    """It is thinned to what a plot can show."""
    chosen = thinned(50_000)
    assert (len(chosen), chosen[0], chosen[-1]) == (MOST_POINTS, 0, 49_999)
    assert thinned(3).tolist() == [0, 1, 2]


def test_tables_below_each_other():
    """Two columns may have one name: a column of the data may be called as ours are."""
    both = stacked([[("split", ["a"]), ("split", [1.5])], [("split", ["b"]), ("split", [None])]])
    assert to_csv(both) == b"split,split\na,1.5\nb,\n"


def test_the_formats_are_those_of_the_config():
    """What a command offers is what a config may say."""
    assert get_args(PlotsConfig.model_fields["format"].annotation) == PLOT_FORMATS


@pytest.mark.parametrize(("form", "begin"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plots_for_papers(form, begin, monkeypatch):
    """Beside PNG, with fonts that publishers take, the same bytes each time, named by the run."""
    monkeypatch.setattr(shelf, "PLOTS", (learning_curves,))
    data = classification(rows=60)
    one, other = (files_of(draw_plots(data, form)) for _ in range(2))
    assert one == other
    drawn = f"learning_curves.{form}"
    assert set(one) == {drawn, "learning_curves.png", "learning_curves.csv"}
    assert one[drawn].startswith(begin)
    assert b"/Type3" not in one[drawn]
    assert f"Learning curves, {data.run}".encode() in one[drawn]


def test_each_plot_names_its_run():
    """In small letters below everything else, with room of its own."""
    data = classification()
    with style.applied():
        for plot in shelf.PLOTS:
            if plot.fits(data):
                figure = plot.draw(data)
                height = figure.get_figheight()
                style.sign(figure, data.run)
                figure.canvas.draw()
                assert figure.texts[-1].get_text() == data.run
                assert figure.get_figheight() > height
                signed = figure.texts[-1].get_window_extent().y1
                assert all(signed <= axes.get_tightbbox().y0 for axes in figure.axes)


def test_perfect_curves_are_not_drawn():
    """One of three is left out, and counts in the mean; where all are, there is no plot."""
    data = classification(rows=120)
    one = told_perfectly(data, 0)
    assert class_curves.perfect_classes(one) == [0]
    assert {row["class"] for row in tables(one)["roc_curves"]} == {"1", "2"}
    for plot in (roc_curves, precision_recall_curves):
        assert "Not drawn: 1 class that is told from the others" in plot.caption(one)
        assert "Not drawn" not in plot.caption(data)
        assert not plot.fits(told_perfectly(data, 0, 1, 2))
    with style.applied():
        title = roc_curves.draw(one).axes[0].get_legend().get_title().get_text()
    areas = [roc_auc_score(one.judged.y_true == n, one.judged.outputs[:, n]) for n in range(3)]
    assert f"mean of 3 classes  {np.mean(areas):.3f}" in title
