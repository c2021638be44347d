"""`dlrun compare`: side by side, by groups over seeds, on wide and on narrow terminals."""

import json
import re

import numpy as np
import pytest

from dlrun.cli.compare import draw_comparison
from dlrun.cli.terminal.output import Screen
from dlrun.reports.statistics import difference_interval
from dlrun.rundir.tensors import save_tensors
from dlrun.workflows.compare import compare
from tests.cli.stored import store

RATES = {"slow": 0.001, "fast": 0.01}
ACCURACIES = {"slow": (0.90, 0.92, 0.91), "fast": (0.95, 0.96, 0.97)}


@pytest.fixture
def seeds(tmp_path):
    """Two learning rates over three seeds."""
    for name, rate in RATES.items():
        for seed, accuracy in enumerate(ACCURACIES[name]):
            overrides = [f"seed={seed}", f"optimizer.learning_rate={rate}"]
            store(tmp_path / "runs", f"{name}{seed}", *overrides, accuracy=accuracy, loss=0.25)
    return tmp_path / "runs"


def drawn(runs_dir, *references, width=80, metrics=()):
    """A comparison, with the last letters of the runs' names made equal."""
    found = compare(references, runs_dir=runs_dir, metrics=metrics)
    return re.sub(r"(\d)_[a-z2-7]{4}\b", r"\1_xxxx", draw_comparison(found, screen=Screen(width)))


def test_side_by_side(seeds):
    """Metrics with the best one marked, then the keys that differ."""
    assert drawn(seeds, "slow0", "fast1") == (
        "                         slow0_xxxx  fast1_xxxx\n"
        "test loss                    0.2500      0.2500\n"
        "test accuracy              0.9000      0.9600 *\n"
        "train loss                   0.1250      0.1250\n"
        "train accuracy               1.0000      1.0000\n"
        "seed                              0           1\n"
        "optimizer.learning_rate       0.001        0.01\n"
        "\n"
        "* best\n"
        "one run each, so nothing tells whether the seeds alone make such a difference;\n"
        "train them with --set seed=0..4"
    )


def test_many_runs_are_rows(seeds):
    """Where the columns do not fit; where the rows do not either, one below the other."""
    words = ("slow0", "fast1")
    assert drawn(seeds, *words, width=42, metrics=["test.accuracy"]) == (
        "slow0_xxxx\n"
        "  test accuracy            0.9000\n"
        "  seed                     0\n"
        "  optimizer.learning_rate  0.001\n"
        "fast1_xxxx\n"
        "  test accuracy            0.9600 *\n"
        "  seed                     1\n"
        "  optimizer.learning_rate  0.01\n"
        "\n"
        "* best\n"
        "one run each, so nothing tells whether the\n"
        "seeds alone make such a difference; train\n"
        "them with --set seed=0..4"
    )
    rows = drawn(seeds, "slow0", "fast0", width=46, metrics=["test.loss"]).splitlines()
    assert rows[:2] == [
        "            test loss  optimizer.learning_rate",
        "slow0_xxxx     0.2500                    0.001",
    ]


def test_groups_over_seeds(seeds):
    """Means with intervals, the verdicts against the first group, and the runs."""
    names = [f"{name}{seed}" for name in RATES for seed in range(3)]
    assert drawn(seeds, *names, width=100, metrics=["test.accuracy"]) == (
        "group                    learning_rate=0.001  learning_rate=0.01\n"
        "seeds                                      3                   3\n"
        "test accuracy              0.9100 \u00b1 0.0248     0.9600 \u00b1 0.0248 *\n"
        "optimizer.learning_rate                0.001                0.01\n"
        "\n"
        "* best mean\n"
        "\u00b1 half of the 95 % confidence interval over the seeds (Student's t)\n"
        "\n"
        "Against learning_rate=0.001, on the test rows:\n"
        "  learning_rate=0.01, accuracy: better, +0.0500 (95 % CI 0.0252 to 0.0748; paired t-test "
        "over 3\n"
        "    seeds, p = 0.0131)\n"
        "\n"
        "run         group                seed  test accuracy\n"
        "slow0_xxxx  learning_rate=0.001     0         0.9000\n"
        "slow1_xxxx  learning_rate=0.001     1         0.9200\n"
        "slow2_xxxx  learning_rate=0.001     2         0.9100\n"
        "fast0_xxxx  learning_rate=0.01      0         0.9500\n"
        "fast1_xxxx  learning_rate=0.01      1         0.9600\n"
        "fast2_xxxx  learning_rate=0.01      2         0.9700"
    )


def test_a_mean_and_its_margin_are_never_cut(seeds):
    """Where there is little room, the names of the rows give way."""
    names = [f"{kind}{seed}" for kind in ("slow", "fast") for seed in range(3)]
    lines = [line for line in drawn(seeds, *names, width=30).splitlines() if " ± " in line]
    assert len(lines) == 8
    assert all(re.search(r"  [0-9.]+ ± [0-9.]+( \*)?$", line.rstrip()) for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_too_wide(seeds, width):
    """Whatever the terminal."""
    names = [f"{name}{seed}" for name in RATES for seed in range(3)]
    assert max(map(len, drawn(seeds, *names, width=width).splitlines())) <= width


def test_different_seeds_are_not_paired(seeds):
    """Welch's test, with both numbers of seeds."""
    text = drawn(seeds, "slow0", "slow1", "slow2", "fast1", "fast2", width=200)
    assert (
        "learning_rate=0.01, accuracy: better, +0.0550 (95 % CI 0.0301 to 0.0799; "
        "Welch's t-test over 2 and 3 seeds, p = 0.0063)"
    ) in text
    assert "learning_rate=0.01, loss: equal (Welch's t-test over 2 and 3 seeds)" in text


def test_one_seed_says_nothing(seeds):
    """A group of one run has no interval and no verdict."""
    text = drawn(seeds, "slow0", "slow1", "fast1", width=200, metrics=["test.accuracy"])
    assert "learning_rate=0.01, accuracy: undecided, +0.0500: " in text


def test_runs_of_one_seed_count_once(seeds, dlrun):
    """Repeating a seed is no evidence."""
    store(seeds, "again", "seed=0", accuracy=0.9)
    code, out, err = dlrun("compare", "slow0", "slow1", "again", "--runs-dir", seeds)
    assert code == 0
    assert err == "warning: A has several runs of one seed, which count as one\n"
    assert ["seeds", "2"] in [line.split() for line in out.splitlines()]


def test_json(seeds, dlrun):
    """All of it, numbers in full."""
    words = [f"{name}{seed}" for name in RATES for seed in range(3)]
    _, out, _ = dlrun("compare", *words, "--metric", "test_accuracy", "--json", "--runs-dir", seeds)
    found = json.loads(out)
    assert [group["seeds"] for group in found["groups"]] == [[0, 1, 2], [0, 1, 2]]
    (row,) = found["group_metrics"]
    assert row["verdicts"][0] is None
    assert row["verdicts"][1]["word"] == "better"
    assert row["estimates"][1]["mean"] == pytest.approx(0.96)
    assert found["group_config"] == {"optimizer.learning_rate": [0.001, 0.01]}
    assert found["metrics"][0]["values"] == [0.9, 0.92, 0.91, 0.95, 0.96, 0.97]


def test_losses_that_are_not_measured_alike(seeds, dlrun):
    """Mean squared error has smaller numbers than cross-entropy, whatever the network."""
    for seed in range(2):
        store(
            seeds, f"mse{seed}", f"seed={seed}", "loss=mean_squared_error", accuracy=0.8, loss=0.1
        )
    code, out, err = dlrun("compare", "slow0", "mse0", "--runs-dir", seeds)
    assert code == 0
    assert err == (
        "warning: loss: not comparable, the runs differ in loss.type; none is marked as the best\n"
    )
    marked = [line[:13] for line in out.splitlines() if "*" in line]
    assert marked == ["test accuracy", "* best"]
    _, out, _ = dlrun("compare", "slow0", "slow1", "mse0", "mse1", "--json", "--runs-dir", seeds)
    found = {row["name"]: row for row in json.loads(out)["group_metrics"] if row["split"] == "test"}
    assert (found["loss"]["best"], found["loss"]["verdicts"]) == ([], [None, None])
    assert found["accuracy"]["best"] == [0]
    assert found["accuracy"]["verdicts"][1]["word"] == "within seed noise"


def test_runs_that_predict_something_else(seeds, dlrun):
    """No metric of theirs says which is better."""
    table = seeds.parent / "t.csv"
    table.write_text("a,b,c\n" + "1,0,1\n2,1,0\n" * 9)
    words = ("dataset.type=table", f"dataset.path={table}")
    for target, accuracy in (("b", 0.8), ("c", 0.9)):
        store(seeds, target, *words, f"dataset.target={target}", accuracy=accuracy)
    _, out, err = dlrun("compare", "b_", "c_", "--runs-dir", seeds)
    assert "metrics: not comparable, the runs differ in dataset.target; none is marked" in err
    assert "*" not in out
    assert "0.9000" in out


def test_runs_by_a_condition(seeds, dlrun):
    """The oldest first: it is what later ones are held against."""
    words = ("--json", "--runs-dir", seeds)
    _, out, _ = dlrun("compare", "--where", "optimizer.learning_rate<0.01 or seed=2", *words)
    names = [run.split("_")[1] for run in json.loads(out)["runs"]]
    assert names == ["slow0", "slow1", "slow2", "fast2"]


def test_one_run_of_each_config_tells_nothing_of_seeds(seeds, dlrun):
    """Not so where a config has two, nor where only seed and name differ."""
    caveat = "one run each, so nothing tells"
    words = ("--runs-dir", seeds, "--metric", "test.accuracy")
    assert caveat in dlrun("compare", "slow0", "fast0", *words)[1]
    assert caveat in dlrun("compare", "slow0", "fast0", "--baseline", "slow0", *words)[1]
    for runs in (("slow0", "fast0", "fast1"), ("slow0", "slow1")):
        assert caveat not in dlrun("compare", *runs, *words)[1]
    again = store(seeds, "again", "optimizer.learning_rate=0.001", accuracy=0.99)
    assert caveat not in dlrun("compare", "slow0", again.name, *words)[1]


def test_a_run_without_metrics(seeds, dlrun):
    """It failed: that is told, and the others are compared."""
    run = store(seeds, "broken", "seed=0")
    (run.path / "metrics.json").unlink()
    code, out, err = dlrun("compare", "slow0", "broken", "--runs-dir", seeds)
    assert code == 0
    assert err == f"warning: {run.name} has no metrics: it is finished\n"
    assert out.splitlines()[1].split()[-1] == "-"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["slow0"], 2, "error: a comparison takes two runs or more, and there is one: 2"),
        ([], 2, "error: a comparison takes two runs or more, and none is named.\n  Name them, or"),
        (["--where", "seed>7"], 2, "error: --where: there is no such run in "),
        (["--where", "sed>7"], 2, "error: --where, column 1: no run has 'sed'."),
        (["slow0", "slow0"], 2, "error: a comparison takes two runs or more, and there is one: "),
        (["slow0", "nothing"], 2, "error: no run in "),
        (["slow0", "slow1", "--metric", "test.acuracy"], 2,
         "error: --metric: no run has the metric 'test.acuracy'.\n  Did you mean 'test.accuracy'?"),
        (["slow0", "slow1", "--metric", "accuracy"], 2,
         "error: --metric: no run has the metric 'accuracy'.\n  Did you mean 't"),
    ],
)  # fmt: skip
def test_mistakes(seeds, dlrun, words, code, message):
    """What is wrong, and how to mend it."""
    received, out, err = dlrun("compare", *words, "--runs-dir", seeds)
    assert (received, out) == (code, "")
    assert err.startswith(message)


def in_latex(note):
    """Pasted into a caption, `95 %` would take the rest of the line with it."""
    for sign, written in (("±", r"$\pm$"), ("%", r"\%"), ("_", r"\_"), ("<", r"\textless{}")):
        note = note.replace(sign, written)
    return note


def test_a_table_for_a_paper(seeds, dlrun):
    """A line for each group, what it means below; what LaTeX would read is escaped."""
    words = ["compare", *(f"{name}{seed}" for name in RATES for seed in range(3))]
    words += ["--runs-dir", str(seeds), "--metric", "test.accuracy"]
    test = "95 % CI 0.0252 to 0.0748; paired t-test over 3 seeds, p = 0.0131"
    notes = [
        "bold: best mean",
        "± half of the 95 % confidence interval over the seeds (Student's t)",
        "Against learning_rate=0.001, on the test rows:",
        f"learning_rate=0.01, accuracy: better, +0.0500 ({test})",
    ]
    assert dlrun(*words, "--latex")[1] == (
        "\\begin{tabular}{lrr}  % \\usepackage{booktabs}\n"
        "  \\toprule\n"
        "  group & seeds & test accuracy \\\\\n"
        "  \\midrule\n"
        "  learning\\_rate=0.001 & 3 & 0.9100 $\\pm$ 0.0248 \\\\\n"
        "  learning\\_rate=0.01 & 3 & \\textbf{0.9600 $\\pm$ 0.0248} \\\\\n"
        "  \\bottomrule\n"
        "\\end{tabular}\n"
    ) + "".join(f"% {in_latex(note)}\n" for note in notes)
    assert dlrun(*words, "--markdown")[1] == (
        "| group | seeds | test accuracy |\n"
        "|---|---:|---:|\n"
        "| learning\\_rate=0.001 | 3 | 0.9100 ± 0.0248 |\n"
        "| learning\\_rate=0.01 | 3 | **0.9600 ± 0.0248** |\n"
    ) + "".join(f"\n{note}\n" for note in notes).replace("_", r"\_")
    # Student's t of 2 degrees of freedom at 97.5 % is 4.302653; the deviation of each group 0.01.
    margin = 4.302652729696142 * 0.01 / 3**0.5
    rows = [line.split(",") for line in dlrun(*words, "--csv")[1].splitlines()]
    heading = ["group", "runs", "test.accuracy", "test.accuracy.margin", "optimizer.learning_rate"]
    assert rows[0] == heading
    for row, name, mean, rate in (
        (rows[1], "learning_rate=0.001", 0.91, 0.001),
        (rows[2], "learning_rate=0.01", 0.96, 0.01),
    ):
        assert row[:2] == [name, "3"]
        assert [float(one) for one in row[2:]] == pytest.approx([mean, margin, rate])


def test_runs_as_a_table(seeds, dlrun):
    """One line a run; two forms are refused."""
    words = ["compare", "slow0", "fast1", "--runs-dir", str(seeds), "--metric", "test.accuracy"]
    assert re.sub(r"(\d)\\_[a-z2-7]{4} ", r"\1 ", dlrun(*words, "--markdown")[1]) == (
        "| run | test accuracy | seed | optimizer.learning\\_rate |\n"
        "|---|---:|---|---|\n"
        "| slow0 | 0.9000 | 0 | 0.001 |\n"
        "| fast1 | **0.9600** | 1 | 0.01 |\n"
    )
    assert "--csv and --latex are two forms." in dlrun(*words, "--csv", "--latex")[2]
    told = dlrun("runs", "--runs-dir", str(seeds), "--columns", "name,test.accuracy", "--latex")[1]
    assert told.splitlines()[0] == "\\begin{tabular}{lr}  % \\usepackage{booktabs}"
    assert re.search(r"fast0\\_[a-z2-7]{4} & 0.9500 \\\\$", told, re.MULTILINE)
    told = dlrun("runs", "--runs-dir", str(seeds), "--columns", "name,test.accuracy", "--markdown")
    assert told[1].splitlines()[:2] == ["| name | test.accuracy |", "|---|---:|"]


def test_groups_with_long_names_are_letters(seeds, dlrun):
    """Where what differs does not fit above a column, or a group has nothing that differs."""
    for seed in range(2):
        words = [f"seed={seed}", "optimizer.learning_rate=0.01", "training.batch_size=123456"]
        store(seeds, f"long{seed}", *words, "training.epochs=1234")
    _, out, _ = dlrun("compare", "slow0", "slow1", "long0", "long1", "--runs-dir", seeds)
    assert out.splitlines()[0].split() == ["group", "A", "B"]


def test_a_baseline_of_groups(seeds, dlrun):
    """It comes first, whichever of its runs is named; differences and their margins are columns."""
    words = ["compare", *(f"{name}{seed}" for name in RATES for seed in range(3))]
    words += ["--runs-dir", str(seeds), "--metric", "test.accuracy", "--baseline", "fast1"]
    _, out, _ = dlrun(*words)
    assert out.splitlines()[0].split() == ["group", "learning_rate=0.01", "learning_rate=0.001"]
    assert "Against learning_rate=0.01, on the test rows:" in out
    assert "learning_rate=0.001, accuracy: worse, -0.0500 (95 % CI -0.0748 to -0.0252;" in (
        " ".join(out.split())
    )
    rows = [line.split(",") for line in dlrun(*words, "--csv")[1].splitlines()]
    assert rows[0][4:6] == ["test.accuracy.difference", "test.accuracy.difference.margin"]
    assert rows[1][4:6] == ["", ""]
    # Student's t of 2 degrees of freedom; the differences by seed are -0.05, -0.04, -0.06.
    margin = 4.302652729696142 * 0.01 / 3**0.5
    assert [float(one) for one in rows[2][4:6]] == pytest.approx([-0.05, margin])
    assert "| 0.9100 ± 0.0248 (-0.0500) |" in dlrun(*words, "--markdown")[1]
    found = json.loads(dlrun(*words, "--json")[1])
    assert found["baseline"].split("_")[1] == "fast1"


def test_a_baseline_of_single_runs(seeds, dlrun):
    """Differences of all metrics; of right answers what the rows alone allow to say."""
    store(seeds, "third", "training.batch_size=7", accuracy=0.96)
    shares = {"slow0": (48, 80), "fast0": (56, 80), "third": (40, 70)}
    for name, (right, rows) in shares.items():
        (path,) = seeds.glob(f"*_{name}_*")
        stored = json.loads((path / "metrics.json").read_text())
        confusion = [[right, rows - right], [0, 0]]
        stored["test"]["classification"] = {
            "classes": [{"name": "a"}, {"name": "b"}], "confusion": confusion,
        }  # fmt: skip
        (path / "metrics.json").write_text(json.dumps(stored))
    words = ["compare", "fast0", "third", "--baseline", "slow0", "--runs-dir", str(seeds)]
    _, out, _ = dlrun(*words, "--metric", "test.accuracy")
    assert "0.9500 (+0.0500)" in out
    low, high = difference_interval((56, 80), (48, 80))
    said = " ".join(out.split())
    assert f": +0.1000 ({low:+.4f} to {high:+.4f})" in said
    assert said.count(" to +") == 1, "the third was judged by other rows"
    found = json.loads(dlrun(*words, "--json")[1])
    assert found["right_answers"][1]["difference"] == pytest.approx(0.1)
    assert found["right_answers"][::2] == [None, None]
    rows = [line.split(",") for line in dlrun(*words, "--csv")[1].splitlines()]
    place = rows[0].index("test.accuracy.difference")
    assert rows[1][place] == ""
    assert float(rows[3][place]) == pytest.approx(0.06)
    message = "error: no run in "
    assert dlrun("compare", "fast0", "--baseline", "none", "--runs-dir", seeds)[2].startswith(
        message
    )


def test_facts_beside_the_metrics(seeds, dlrun):
    """Of groups their means; what no run has is refused."""
    epochs_of = {"slow0": 4, "slow1": 4, "slow2": 4, "fast0": 6, "fast1": 8, "fast2": 10}
    for path in seeds.iterdir():
        epochs = epochs_of[path.name.split("_")[1]]
        lines = ["epoch,loss", *(f"{epoch},0.5" for epoch in range(1, epochs + 1))]
        (path / "history.csv").write_text("\n".join(lines) + "\n")
        weights = {"a/kernel": np.ones((3, 4), np.float32), "a/bias": np.ones(4, np.float32)}
        save_tensors(path / "weights.safetensors", weights)
    facts = ["--columns", "parameters,epochs", "--runs-dir", str(seeds)]
    rows = [line.split() for line in dlrun("compare", "slow0", "fast0", *facts)[1].splitlines()]
    assert ["parameters", "16", "16"] in rows
    assert ["epochs", "4", "6"] in rows
    names = [f"{name}{seed}" for name in RATES for seed in range(3)]
    rows = [line.split() for line in dlrun("compare", *names, *facts)[1].splitlines()]
    assert ["epochs", "4", "8.0"] in rows
    words = ["--where", "epochs>4 and parameters=16", "--columns", "epochs,parameters", "--csv"]
    listed = dlrun("runs", *words, "--sort", "epochs", "--runs-dir", str(seeds))[1]
    assert listed.splitlines() == ["epochs,parameters", "6,16", "8,16", "10,16"]
    told = dlrun("compare", "slow0", "fast0", "--columns", "paramters", "--runs-dir", str(seeds))
    assert "error: --columns: no run has 'paramters'.\n  Did you mean 'parameters'?" in told[2]
