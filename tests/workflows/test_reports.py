"""Plots and pages through the front door: after a training, made anew, compared, refused."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import CONFIGS, KINDS
from tests.forked import HEAVY, loaded_by
from tests.marking import first

CLASSES = {"confusion_matrix", "weight_histograms"}
CURVES = {"roc_curves", "precision_recall_curves"}
IMAGES = {"misclassified", "first_kernels"}
COLUMNS = {"permutation_importance"}
EXPECTED = {
    "digits_mlp": CLASSES | CURVES | IMAGES | {"learning_curves", "reliability"},
    "digits_cnn": CLASSES | CURVES | IMAGES | {"learning_curves", "reliability"},
    "digits_branches": CLASSES | CURVES | IMAGES | {"learning_curves", "reliability"},
    "iris": CLASSES | COLUMNS | {"learning_curves"},
    "majority_logistic": CLASSES | COLUMNS | {"learning_curves"},
    "moons_mlp": CLASSES | CURVES | COLUMNS
    | {"learning_curves", "reliability", "decision_boundary"},
    "sine_regression": {
        "learning_curves", "fitted_curve", "predicted_true", "residuals", "weight_histograms",
    },
    "threshold_exact": CLASSES | COLUMNS | {"decision_boundary"},
    "threshold_hinge": CLASSES | CURVES | COLUMNS | {"learning_curves", "decision_boundary"},
    "two_points_softmax": CLASSES | COLUMNS | {"learning_curves", "decision_boundary"},
}  # fmt: skip


def plots_of(run):
    return {path.stem for path in (run / "plots").iterdir()}


@pytest.fixture
def copied(reported, tmp_path):
    """A run whose files a test may change."""

    def copy(name):
        target = tmp_path / "runs" / reported(name).name
        shutil.copytree(reported(name), target)
        return target

    return copy


@pytest.mark.parametrize("name", first(1, KINDS))
def test_every_kind_has_its_plots_and_no_others(name, reported):
    """What does not fit is not made; the page is there, whole and with all plots in it."""
    run = reported(name)
    assert plots_of(run) == EXPECTED[name]
    assert {path.suffix for path in (run / "plots").iterdir()} == {".png", ".csv"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (run / "plots").glob("*.png"))
    page = (run / "report.html").read_text("utf-8")
    assert page.rstrip().endswith("</html>")
    on_page = len(EXPECTED[name] - {"misclassified"})
    assert page.count('<figure class="plot') == on_page
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


@pytest.mark.slow
def test_a_report_is_made_anew_from_the_folder(copied, dlrun):
    """The same plots and the same page, to the byte; plots that no longer fit are removed."""
    run = copied("moons_mlp")
    before = {path.name: path.read_bytes() for path in (run / "plots").iterdir()}
    page = (run / "report.html").read_bytes()
    for path in [*(run / "plots").iterdir(), run / "report.html"]:
        path.unlink()
    (run / "plots" / "residuals.png").write_bytes(b"of another time")
    (run / "plots" / "my_own.png").write_bytes(b"not ours")
    result = dlrun("report", run)
    assert result.out == f"{run / 'report.html'}\n"
    assert (run / "report.html").read_bytes() == page
    after = {path.name: path.read_bytes() for path in (run / "plots").iterdir()}
    assert after == before | {"my_own.png": b"not ours"}


@pytest.mark.slow
def test_plots_for_a_paper(copied, dlrun):
    """Beside PNG and the numbers; those of another format go with the next report."""
    run = copied("sine_regression")
    before = sorted(path.name for path in (run / "plots").iterdir())
    dlrun("report", run, "--format", "pdf")
    assert (run / "plots" / "residuals.pdf").read_bytes().startswith(b"%PDF")
    dlrun("report", run, "--format", "svg")
    assert {path.suffix for path in (run / "plots").iterdir()} == {".png", ".svg", ".csv"}
    dlrun("report", run)
    assert sorted(path.name for path in (run / "plots").iterdir()) == before
    told = dlrun("report", run, "--format", "eps", code=2)
    assert "'eps' is not one of 'png', 'svg', 'pdf'" in told.err


@pytest.mark.slow
def test_a_config_says_how_plots_are_written(dlrun):
    """Its run is the same one, whatever they are; a report that is made anew keeps to it."""
    words = ["train", CONFIGS / "two_points_softmax.yaml", "--set", "training.epochs=1"]
    run = dlrun(*words, "--set", "plots.format=svg", "--report").run
    svg = (run / "plots" / "confusion_matrix.svg").read_bytes()
    assert run.name.encode() in svg
    (run / "plots" / "confusion_matrix.svg").unlink()
    dlrun("report", run)
    assert (run / "plots" / "confusion_matrix.svg").read_bytes() == svg
    told = dlrun("validate", CONFIGS / "two_points_softmax.yaml", "--set", "plots.format=eps",
                 code=2).err  # fmt: skip
    assert "plots.format: Expected 'png', 'svg' or 'pdf', got 'eps'" in told


@pytest.mark.slow
def test_the_plots_of_a_comparison(reported, tmp_path, dlrun):
    """Where a format is asked for, they are files beside the page."""
    runs = [reported("sine_regression"), reported("moons_mlp")]
    page = tmp_path / "both runs.html"
    dlrun("report", *runs, "-o", page)
    assert [path.name for path in tmp_path.glob("both*")] == ["both runs.html"]
    dlrun("report", *runs, "-o", page, "--format", "pdf")
    assert {path.name for path in tmp_path.glob("both*")} == {
        "both runs.html", "both runs-curves.png", "both runs-curves.pdf", "both runs-curves.csv",
    }  # fmt: skip


@pytest.mark.slow
def test_training_without_a_report(dlrun):
    """Nothing of it is left, and nothing of what draws it is loaded; nor before the end."""
    words = ["train", CONFIGS / "two_points_softmax.yaml", "--set", "training.epochs=1"]
    run = dlrun(*words, "--no-report").run
    assert not (run / "plots").exists()
    assert not (run / "report.html").exists()
    code, loaded = loaded_by(*words, "--no-report", "--quiet", imported=HEAVY)
    assert code == 0
    assert "tensorflow" in loaded
    assert not {"matplotlib", "jinja2", "PIL"} & loaded


@pytest.mark.slow
def test_a_failing_report_does_not_lose_the_training(dlrun, monkeypatch):
    """Everything else is there, the exit code is 0, and a warning says how to try again."""

    def fail(*_):
        raise ValueError("no ink")

    monkeypatch.setattr("dlrun.reports.page.run_page.run_page", fail)
    words = ["train", CONFIGS / "two_points_softmax.yaml", "--set", "training.epochs=1"]
    result = dlrun(*words, "--report")
    assert (
        "warning: the run is complete, but its report failed: ValueError: no ink\n"
        f"  `dlrun report {result.run}` tries again."
    ) in result.err
    assert json.loads((result.run / "run.json").read_text())["status"] == "finished"
    assert (result.run / "weights.safetensors").exists()
    assert "no ink" in (result.run / "log.txt").read_text()
    assert "ValueError" in dlrun("report", result.run, code=1).err


@pytest.mark.slow
def test_an_interrupted_report_leaves_a_finished_run(dlrun, monkeypatch, tmp_path):
    """Ctrl-C ends the command; the training had ended before."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dlrun.reports.page.run_page.run_page", interrupt)
    words = ["train", CONFIGS / "two_points_softmax.yaml", "--set", "training.epochs=1"]
    dlrun(*words, "--report", code=130)
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert (run / "metrics.json").exists()
    assert not (run / "report.html").exists()


@pytest.mark.slow
def test_report_of_another_place(copied, dlrun, tmp_path):
    """`-o` says where the page goes."""
    run = copied("two_points_softmax")
    (run / "report.html").unlink()
    assert dlrun("report", run, "-o", tmp_path / "page.html").out == f"{tmp_path / 'page.html'}\n"
    assert "</html>" in (tmp_path / "page.html").read_text()
    assert not (run / "report.html").exists()


@pytest.mark.slow
def test_plots_never_leave_the_run_folder(copied, dlrun, tmp_path):
    """A stranger's `plots` may be a link to somewhere."""
    run = copied("two_points_softmax")
    shutil.rmtree(run / "plots")
    (tmp_path / "precious").mkdir()
    (run / "plots").symlink_to(tmp_path / "precious")
    told = dlrun("report", run, code=4).err
    assert "plots: is a symbolic link, which is not followed inside a run folder." in told
    assert not list((tmp_path / "precious").iterdir())


def test_runs_that_cannot_be_reported_on(copied, dlrun):
    """Each says what is missing."""
    run = copied("two_points_softmax")
    assert "no run in" in dlrun("report", "nowhere", code=2).err
    (run / "history.csv").write_text("epoch,loss\n1,much\n")
    assert "history.csv:2: is damaged: 'much' is not a number." in dlrun("report", run, code=4).err
    (run / "weights.safetensors").unlink()
    assert "weights.safetensors: is missing" in dlrun("report", run, code=4).err


@pytest.mark.slow
def test_data_that_have_changed_are_told_on_the_page(dlrun, tmp_path):
    """A reader must know that the numbers are of other rows."""
    table = "a,b,y\n" + "".join(f"{n},{n % 7},{'no' if n < 20 else 'yes'}\n" for n in range(40))
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "table.yaml").write_text(
        "dataset: {type: csv, path: table.csv, target: y, scale: standard}\n"
        "model: {layers: [{type: Dense, units: 2, activation: softmax}]}\n"
        "loss: categorical_crossentropy\noptimizer: sgd\ntraining: {epochs: 1}\n"
    )
    run = dlrun("train", "table.yaml", "--report").run
    assert "no longer the one" not in (run / "report.html").read_text()
    (tmp_path / "table.csv").write_text(table.replace("5,5,no", "6,5,no"))
    assert "no longer the one" in dlrun("report", run).err
    assert "no longer the one" in (run / "report.html").read_text()


def test_several_runs_are_compared(copied, dlrun):
    """On a page among the runs, from their folders alone."""
    runs = [copied(name) for name in ("digits_mlp", "digits_cnn", "digits_branches")]
    for run in runs:
        (run / "weights.safetensors").unlink()
    folder = runs[0].parent
    result = dlrun("report", *(run.name for run in runs), "--runs-dir", folder)
    assert result.out == f"{folder / 'comparison.html'}\n"
    page = (folder / "comparison.html").read_text("utf-8").replace("<wbr>", "")
    assert all(run.name in page for run in runs)
    assert "optimizer.learning_rate" in page
    assert "F1 of each class, test rows" in page
    (folder / "comparison.html").unlink()  # of runs that lie elsewhere it stands beside them, too
    assert dlrun("report", *runs, "--runs-dir", folder / "others").out == result.out


def test_runs_that_cannot_be_compared(copied, dlrun, tmp_path):
    """One run twice; a damaged one; metrics of a stranger are not believed."""
    one, other = copied("digits_mlp"), copied("moons_mlp")
    told = dlrun("report", one, one.name, "--runs-dir", one.parent, code=2).err
    assert f"the 2 names stand for one run, {one.name}." in told
    odd = {"test": {"loss": "<b>", "accuracy": True, "classification": {"classes": 3}}}
    (other / "metrics.json").write_text(json.dumps(odd))
    result = dlrun("report", one, other, "-o", tmp_path / "page.html")
    assert f"warning: {other.name} has no metrics: it is finished" in result.err
    (other / "config.yaml").write_text("name: [\n")
    assert "config.yaml: is damaged: " in dlrun("report", one, other, code=4).err


def test_the_help_is_light():
    """It loads nothing of what a report needs."""
    code, loaded = loaded_by("report", "--help")
    assert code == 0
    assert not {"numpy", "matplotlib", "jinja2", "tensorflow"} & loaded
