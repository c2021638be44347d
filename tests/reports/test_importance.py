"""Permutation importance is scikit-learn's, and stands in the report."""

import json

import numpy as np
import pytest
from sklearn import inspection
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss

from dlrun.reports.importance import permutation_importance, rows_to_look_at
from tests.conftest import CONFIGS

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("larger", [True, False])
def test_numbers_are_those_of_scikit_learn(larger):
    """On the same permutations, of a score that should be large and of a loss."""
    x = RANDOM.normal(size=(80, 4))
    y = (x[:, 0] + 0.5 * x[:, 2] + RANDOM.normal(size=80) > 0).astype(int)
    model = LogisticRegression().fit(x, y)

    def score(rows):
        if larger:
            return accuracy_score(y, model.predict(rows))
        return log_loss(y, model.predict_proba(rows))

    expected = inspection.permutation_importance(
        model, x, y, n_repeats=5, random_state=7,
        scoring=lambda _, rows, __: score(rows) if larger else -score(rows),
    )  # fmt: skip
    groups = {name: [place] for place, name in enumerate("abcd")}
    found = {
        one.column: one for one in permutation_importance(x, groups, score, larger=larger, seed=7)
    }
    for place, name in enumerate("abcd"):
        np.testing.assert_allclose(found[name].worse, expected.importances[place], atol=1e-12)
        assert found[name].mean == pytest.approx(expected.importances_mean[place])
        assert found[name].deviation == pytest.approx(expected.importances_std[place])
    assert next(iter(found)) == "a"


def test_entries_of_a_column_stay_together():
    """A category is exchanged as a whole: no row is of two classes, or of none."""
    classes = RANDOM.integers(0, 3, 50)
    x = np.column_stack([RANDOM.normal(size=50), np.eye(3)[classes]])
    seen = []
    permutation_importance(
        x,
        {"size": [0], "kind": [1, 2, 3]},
        lambda rows: seen.append(rows) or 0.0,
        larger=True,
        seed=0,
    )
    changed = [rows for rows in seen if (rows[:, 1:] != x[:, 1:]).any()]
    assert len(changed) == 5
    for rows in seen:
        assert (rows[:, 1:].sum(axis=1) == 1).all()
    for rows in changed:
        assert (rows[:, 0] == x[:, 0]).all()
        assert (rows[:, 1:].sum(axis=0) == x[:, 1:].sum(axis=0)).all()


def test_cost_is_bounded():
    """Many rows or many columns are looked at in part, evenly."""
    assert rows_to_look_at(100, 4).tolist() == list(range(100))
    assert len(rows_to_look_at(10**7, 4)) == 2000
    assert len(rows_to_look_at(10**7, 200)) == 400
    assert rows_to_look_at(10**7, 4)[-1] == 10**7 - 1


def test_report_of_a_run(reported):
    """`report.json` holds what scikit-learn finds with the run's own model."""
    from dlrun.execution.opening import load_assembly, load_rows, open_trained
    from dlrun.rundir.folder import Run

    run = reported("iris")
    stored = json.loads((run / "report.json").read_text())["permutation_importance"]
    assert (stored["split"], stored["metric"]) == ("test", "accuracy")
    assert stored["rows"] == stored["total"] == 30
    assert (run / "plots" / "permutation_importance.png").stat().st_size > 0
    assert "Importance of the columns" in (run / "report.html").read_text()
    opened = open_trained(Run(run), trust=True)
    test = load_rows(opened)[0].test
    predictor = load_assembly(opened).predictor
    true = test.y.argmax(axis=1)

    def score(_, rows, __):
        return accuracy_score(true, predictor.predict(rows.astype("float32")).argmax(axis=1))

    class Model:
        def fit(self):
            """Scikit-learn asks for it."""

    expected = inspection.permutation_importance(
        Model(), test.x, true, scoring=score, n_repeats=5, random_state=0
    )
    names = json.loads((run / "spec.json").read_text())["feature_names"]
    found = {one["column"]: one for one in stored["columns"]}
    for place, name in enumerate(names):
        np.testing.assert_allclose(found[name]["values"], expected.importances[place], atol=1e-6)
    means = [one["mean"] for one in stored["columns"]]
    assert means == sorted(means, reverse=True)


@pytest.mark.slow
def test_images_have_none(reported):
    """A single pixel tells nothing."""
    assert not (reported("digits_mlp") / "report.json").exists()


@pytest.mark.slow
def test_too_many_columns_are_said(dlrun, tmp_path):
    """Not left out in silence."""
    names = [f"c{number}" for number in range(201)]
    rows = [",".join([*map(str, RANDOM.normal(size=201).round(3)), str(n % 2)]) for n in range(20)]
    (tmp_path / "wide.csv").write_text("\n".join([",".join([*names, "y"]), *rows]))
    text = (CONFIGS / "iris.yaml").read_text().replace("data/iris.csv", str(tmp_path / "wide.csv"))
    text = text.replace("target: species", "target: y").replace("units: 3", "units: 2")
    (tmp_path / "c.yaml").write_text(text.replace("epochs: 100", "epochs: 1"))
    run = dlrun("train", "c.yaml", "--report", "-q").run
    assert "201 columns are more than 200" in (run / "report.html").read_text()
    assert not (run / "report.json").exists()
