"""A run over series: trained, resumed, measured, reproduced; what follows is foretold."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import numpy as np
import pytest

import dlrun as python
from dlrun.cli import main
from dlrun.execution.loading import load_splits
from dlrun.execution.opening import load_model, open_trained
from dlrun.rundir.folder import Run
from tests.shops import ROWS, daily, train_once, value, write
from tests.workflows.test_resume import interrupted


@pytest.fixture(scope="module")
def trained(common):
    """A run of it with its report, only read."""
    return train_once(common)


def rows_of(text):
    return [*csv.DictReader(io.StringIO(text))]


def test_the_page_speaks_of_steps_ahead(trained):
    """Not of each of them by a name of its own."""
    page = (trained / "report.html").read_text()
    assert "learned to foretell the next 3 steps of Umsatz, Gäste from" in page
    assert "rows: the next 3 steps of Umsatz, Gäste, after what was before</h3>" in page


def test_what_follows_the_table_is_foretold(trained, dlrun):
    """By key, with times that go on; what the network says of the last steps, in their units."""
    rows = rows_of(dlrun("predict", trained, "-o", "-").out)
    assert list(rows[0]) == ["row", "Laden", "Tag", "predicted_Umsatz", "predicted_Gäste"]
    days = ["12.03.2023", "13.03.2023", "14.03.2023"]
    assert [(row["Laden"], row["Tag"]) for row in rows] == [
        (shop, day) for shop in ("Nord", "Süd") for day in days
    ]
    opened = open_trained(Run(trained))
    splits = load_splits(opened.experiment, opened.spec)
    model = load_model(opened)
    # The last test window ends three steps before the table does: shift it by hand.
    scale = {column.name: column for column in opened.spec.columns}
    window = splits.test.x[splits.test.foretold.numbers == 0][-1]
    tail = np.array([[value("Nord", day), day % 5] for day in range(ROWS - 3, ROWS)])
    scaled = np.stack(
        [(tail[:, place] - scale[name].scale.offset) / scale[name].scale.factor
         for place, name in enumerate(("Umsatz", "Gäste"))], axis=1,
    )  # fmt: skip
    weekdays = window[1:4, :-2]  # a week before
    moved = np.concatenate([window[3:], np.concatenate([weekdays, scaled], axis=1)])
    scaling = opened.spec.target_scaling
    outputs = np.asarray(model(moved[None].astype(np.float32), training=False))
    expected = outputs * np.array(scaling.factor) + np.array(scaling.offset)
    found = [[float(row["predicted_Umsatz"]), float(row["predicted_Gäste"])] for row in rows[:3]]
    np.testing.assert_allclose(np.ravel(found), expected[0], rtol=1e-4)
    assert python.Run(trained).predict()["predicted_Umsatz"] == pytest.approx(
        [float(row["predicted_Umsatz"]) for row in rows]
    )


def test_a_newer_table_is_gone_on_with(trained, dlrun, tmp_path):
    """Rows in any order, other columns, no targets that the network does not see, a new shop."""
    table = tmp_path / "new.csv"
    head, *cells = daily(ROWS + 5, ("Nord", "West")).splitlines()
    table.write_text("\n".join([f"{head};?", *(f"{cell};x" for cell in reversed(cells))]))
    told = dlrun("predict", trained, table, "-o", "-")
    rows = rows_of(told.out)
    assert [row["Tag"] for row in rows[:3]] == ["17.03.2023", "18.03.2023", "19.03.2023"]
    assert {row["Laden"] for row in rows} == {"Nord", "West"}
    frame = {
        "Laden": ["Nord"] * 8, "Tag": [f"2023-03-{day:02d}" for day in range(4, 12)],
        "Umsatz": [value("Nord", day) for day in range(62, 70)],
        "Gäste": [day % 5 for day in range(62, 70)],
    }  # fmt: skip
    own = dlrun("predict", trained, "-o", "-")
    assert "column 'Tag'" not in own.err  # that time has gone on is no news
    own = rows_of(own.out)
    with pytest.raises(python.DlrunError, match="Tag"):
        python.Run(trained).predict(frame)  # dates as the table has them are day, month, year
    frame["Tag"] = [f"{day:02d}.03.2023" for day in range(4, 12)]
    answered = python.Run(trained).predict(frame)
    assert answered["predicted_Umsatz"] == pytest.approx(
        [float(row["predicted_Umsatz"]) for row in own[:3]], rel=1e-5
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["0.3,0.1"], "the run reads windows of 8 steps, and no single row"),
        (["short.csv"], "8 steps without a gap, up to the last one, are seen; the table has 5"),
        (["lacks.csv"], "missing column 'Umsatz'; the file has"),
        (["none.csv"], "none.csv"),
        (["twice.csv"], "comes twice"),
        (["--keep", "Umsatz"], "a forecast is of no row of the table"),
    ],
)
def test_what_cannot_be_gone_on_with(trained, dlrun, tmp_path, words, said):
    """Each with its reason."""
    (tmp_path / "short.csv").write_text(daily(5))
    (tmp_path / "twice.csv").write_text(daily(9) + daily(9).partition("\n")[2])
    (tmp_path / "lacks.csv").write_text("Laden;Tag;Gäste\nNord;01.01.2023;1\n")
    code = 2 if words[0] in ("0.3,0.1", "--keep") else 3
    assert said in dlrun("predict", trained, *words, "-o", "-", code=code).err


def test_a_run_over_no_series_wants_rows(reported, dlrun):
    """The input can be left out for series alone."""
    told = dlrun("predict", reported("iris"), code=2).err
    assert "INPUT: there are no rows to predict." in told


def test_naive_forecasts_stand_beside_the_network(trained, dlrun):
    """In metrics.json, worked out here from the table; the stronger one first, both in the page."""
    stored = json.loads((trained / "metrics.json").read_text())["test"]
    table = {shop: np.array([[value(shop, day), day % 5] for day in range(ROWS)])
             for shop in ("Nord", "Süd")}  # fmt: skip
    begin, errors = ROWS - 14, {"season of 7": [], "last value": []}
    for steps in table.values():
        for first in range(begin, ROWS - 2):
            truth = steps[first : first + 3]
            errors["season of 7"].append(np.abs(truth - steps[first - 7 : first - 4]))
            errors["last value"].append(np.abs(truth - steps[first - 1]))
    base = stored["baseline"]
    assert (base["kind"], base["other"]["kind"]) == ("season of 7", "last value")
    for one in (base, base["other"]):
        expected = np.mean(errors[one["kind"]])
        assert one["metrics"]["mean_absolute_error"] == pytest.approx(expected, rel=1e-5)
    roots = np.sqrt(np.square(errors["season of 7"]).mean(axis=(0, 1)))
    assert [verdict["baseline"] for verdict in base["verdicts"]] == pytest.approx(
        roots.tolist(), rel=1e-5
    )
    told = dlrun("evaluate", trained).out
    assert told.splitlines()[0].split() == ["test", "season", "of", "7", "last", "value"]
    page = (trained / "report.html").read_text()
    assert "<th>season of 7</th><th>last value</th>" in page
    assert "8 steps of Tag, Umsatz, Gäste, which foretell the next 3 steps" in page


def test_other_rows_are_measured_as_windows(trained, dlrun, tmp_path):
    """All windows of a file that have targets, beside the naive forecasts of the same."""
    own = json.loads(dlrun("evaluate", trained, "--split", "test", "--json").out)
    table = tmp_path / "last.csv"
    head, *cells = daily().splitlines()
    per_shop = 14 + 8  # the test days, and what the first window of them sees
    chosen = [*cells[ROWS - per_shop : ROWS], *cells[-per_shop:]]
    table.write_text("\n".join([head, *chosen]))
    found = json.loads(dlrun("evaluate", trained, "--data", table, "--json").out)
    assert found["metrics"] == pytest.approx(own["metrics"], rel=1e-6)
    assert found["baseline"]["metrics"] == pytest.approx(own["baseline"]["metrics"], rel=1e-6)


@pytest.mark.slow
def test_a_stopped_run_ends_in_the_bits_of_a_whole_one(trained, dlrun, tmp_path):
    """And comes out the same when it is trained again from its folder."""
    config = write(tmp_path / "a place")
    with interrupted(1):
        dlrun("train", config, code=130)
    (run,) = (tmp_path / "runs").iterdir()
    dlrun("resume", run)
    for name in ("weights.safetensors", "history.csv", "metrics.json", "predictions/test.csv",
                 "spec.json"):  # fmt: skip
        assert (run / name).read_bytes() == (trained / name).read_bytes(), name
    assert dlrun("reproduce", run).out.startswith("identical: data, initial weights, 3 epochs")
    dlrun("verify", run)


def test_a_table_that_has_grown_is_told(dlrun, tmp_path, trained):
    """New rows move the borders: the run says that its data are others now."""
    folder = tmp_path / "grown"
    write(folder)
    run = shutil.copytree(trained, folder / "runs" / trained.name)
    config = (run / "config.yaml").read_text()
    assert "shops ü.csv" in config
    own = trained.parents[1] / "shops ü.csv"
    kept = own.read_text()
    try:
        own.write_text(daily(ROWS + 10))
        told = dlrun("evaluate", trained).err
        assert "the dataset is no longer the one that this run was trained on" in told
        rows = rows_of(dlrun("predict", trained, "-o", "-").out)
        assert rows[0]["Tag"] == "22.03.2023"  # what follows the rows that there are now
    finally:
        own.write_text(kept)


def test_the_predictions_name_their_windows(trained):
    """By their keys and the time of the first step."""
    rows = rows_of((trained / "predictions" / "test.csv").read_text())
    assert (rows[0]["Laden"], rows[0]["Tag"]) == ("Nord", "26.02.2023")
    assert float(rows[0]["true_Umsatz +1"]) == pytest.approx(value("Nord", ROWS - 14))
    assert len(rows) == 2 * 12


def test_the_plots_show_forecasts_and_errors(trained):
    """With their numbers beside them: the truth, and roots of mean squares by step ahead."""
    with (trained / "plots" / "forecast.csv").open() as file:
        drawn = [row for row in csv.DictReader(file) if row["line"] == "Nord, Umsatz"]
    by_time = {row["time"]: row for row in drawn}
    assert float(by_time["26.02.2023"]["truth"]) == pytest.approx(value("Nord", 56), rel=1e-6)
    table = rows_of((trained / "predictions" / "test.csv").read_text())
    forecast = float(by_time["27.02.2023"]["forecast"])
    assert forecast == pytest.approx(float(table[0]["predicted_Umsatz +2"]), rel=1e-6)
    assert float(by_time["27.02.2023"]["baseline"]) == pytest.approx(value("Nord", 50), rel=1e-6)
    with (trained / "plots" / "error_by_horizon.csv").open() as file:
        errors = [*csv.DictReader(file)]
    for ahead in (1, 2, 3):
        apart = [float(row[f"true_Gäste +{ahead}"]) - float(row[f"predicted_Gäste +{ahead}"])
                 for row in table]  # fmt: skip
        (row,) = [one for one in errors if (one["target"], one["ahead"]) == ("Gäste", str(ahead))]
        assert float(row["network"]) == pytest.approx(np.sqrt(np.square(apart).mean()), rel=1e-5)


def test_explain_shows_a_window_in_units(trained, dlrun):
    """As TensorFlow computes it; a single row is no window."""
    shown = json.loads(dlrun("explain", trained, "--json").out)
    assert shown["row"] == "row 0 of test"
    told = dlrun("explain", trained).out
    head, first = next(
        (line.split(), told.splitlines()[number + 1].split())
        for number, line in enumerate(told.splitlines()) if line.startswith("given ")
    )  # fmt: skip
    assert (head[0], head[-2:]) == ("given", ["Umsatz", "Gäste"])
    assert float(first[-2]) == pytest.approx(value("Nord", ROWS - 14 - 8), abs=1e-3)
    assert re.search(r"^  (Umsatz|Gäste|Tag\S*)\[[0-7]\] ", told, re.MULTILINE)
    told = dlrun("explain", trained, "--input", "1,2", code=2).err
    assert "takes the features of a flat row" in told


@pytest.mark.slow
def test_a_saved_model_answers_raw_windows(trained, dlrun, tmp_path):
    """Cells of the table go in, numbers in its units come out."""
    from dlrun.backend import tf

    run = shutil.copytree(trained, tmp_path / "runs" / trained.name)
    dlrun("export", run, "saved_model")
    serve = tf.saved_model.load(str(run / "saved_model")).signatures["serving_default"]
    days = range(ROWS - 8, ROWS)
    given = {
        "Tag": tf.constant([[f"{day - 58:02d}.03.2023" for day in days]]),
        "Umsatz": tf.constant([[value("Nord", day) for day in days]], tf.float64),
        "G_ste": tf.constant([[day % 5 for day in days]], tf.float64),
    }
    names = set(serve.structured_input_signature[1])
    assert names == set(given)
    answered = serve(**given)["predicted"].numpy()[0]
    rows = rows_of(dlrun("predict", trained, "-o", "-").out)[:3]
    found = [[float(row["predicted_Umsatz"]), float(row["predicted_Gäste"])] for row in rows]
    np.testing.assert_allclose(answered, np.ravel(found), rtol=1e-5)


@pytest.fixture(scope="module")
def gapped(tmp_path_factory):
    """A run over 60 days of which one is missing, with a column of 0 and 1; only read."""
    folder = tmp_path_factory.mktemp("gapped")
    days = np.datetime64("2023-01-01") + np.arange(60)
    rows = [f"{day},{int(number % 7 < 2)},{100 + number % 9}" for number, day in enumerate(days)
            if number != 40]  # fmt: skip
    (folder / "days.csv").write_text("\n".join(["day,open,sold", *rows]) + "\n")
    (folder / "days.yaml").write_text("""\
dataset: {type: series, path: days.csv, time: day, target: sold, window: 5, horizon: 2,
          scale: standard, test_split: 0.4}
model: {layers: [{type: Flatten}, {type: Dense, units: 2}]}
loss: mean_squared_error
optimizer: adam
training: {epochs: 1}
""")
    words = ["train", folder / "days.yaml", "--runs-dir", folder / "runs", "--quiet"]
    assert main([str(word) for word in words]) == 0
    (run,) = (folder / "runs").iterdir()
    return run


def test_the_truth_is_drawn_on_all_days_that_are_known(gapped):
    """Though none of the windows around the missing day foretells them, and none the first ones."""
    rows = rows_of((gapped / "plots" / "forecast.csv").read_text())
    days = [str(np.datetime64("2023-01-01") + number) for number in range(60) if number != 40]
    assert [row["time"] for row in rows] == days
    assert [float(row["truth"]) for row in rows[:3]] == [100, 101, 102]
    foretold = [row["time"] for row in rows if row["forecast"]]
    assert foretold
    assert not {"2023-02-11", "2023-02-12", "2023-02-15"} & set(foretold)


def test_a_zero_of_the_table_is_a_zero_of_the_page(gapped):
    """What float32 leaves of it when the scaling is undone is none of its digits."""
    page = (gapped / "report.html").read_text()
    shown = re.findall(r"<td[^>]*>(?:<bdi>)?([-+.\de]+)(?:</bdi>)?</td>", page)
    assert "0" in shown
    assert not [cell for cell in shown if re.search(r"e-\d", cell)]
