"""What the tables look like, to the character, on wide and on narrow terminals."""

from dlrun.cli.evaluate import evaluation_tables
from dlrun.cli.terminal.output import Screen
from dlrun.cli.terminal.tables import align, cell_len, cut_apart, draw
from dlrun.cli.train import closing_table
from dlrun.reports.baseline import Judged
from tests.reports.scoring import classification_report

METRICS = {
    "train": {"loss": 0.03214, "accuracy": 0.99, "mean_absolute_error": 1e-6},
    "validation": {"loss": 0.0712, "accuracy": 0.98},
    "test": {"loss": float("nan"), "accuracy": 0.979},
}
FOLDER = "runs/20261120-231455_mnist_mlp_7k2q"
WIDE, NARROW = Screen(80), Screen(40)


def test_closing_table():
    """One row per metric, one column per split, then time and folder."""
    assert closing_table(METRICS, end=f"12 s  {FOLDER}", screen=WIDE) == (
        "                        train  validation    test\n"
        "loss                   0.0321      0.0712     nan\n"
        "accuracy               0.9900      0.9800  0.9790\n"
        "mean_absolute_error  1.00e-06\n"
        "\n"
        "12 s  runs/20261120-231455_mnist_mlp_7k2q"
    )


def test_closing_table_in_forty_columns():
    """The names of the metrics give way, the numbers do not."""
    assert closing_table(METRICS, end="12 s  runs/a", screen=NARROW) == (
        "               train  validation    test\n"
        "loss          0.0321      0.0712     nan\n"
        "accuracy      0.9900      0.9800  0.9790\n"
        "mean_abso\u2026  1.00e-06\n"
        "\n"
        "12 s  runs/a"
    )


def test_closing_table_without_metrics():
    """An experiment without loss and metrics still has a time and a folder."""
    assert closing_table({"train": {}}, end="1.0 s  a", screen=WIDE) == "1.0 s  a"


def test_long_class_names_are_numbered():
    """A heading would be too wide: the number stands for the class."""
    names = ["setosa", "versicolor", "virginica"]
    report = classification_report([0, 1, 2, 2], [0, 1, 1, 2], names)
    assert evaluation_tables("test", {"loss": 0.5}, Judged(report), screen=WIDE) == (
        "        test\n"
        "loss  0.5000\n"
        "\n"
        "class          precision  recall      f1  rows\n"
        "setosa            1.0000  1.0000  1.0000     1\n"
        "versicolor        0.5000  1.0000  0.6667     1\n"
        "virginica         1.0000  0.5000  0.6667     2\n"
        "macro average     0.8333  0.8333  0.7778     4\n"
        "\n"
        "true \\ predicted  0  1  2\n"
        "0 setosa          1  .  .\n"
        "1 versicolor      .  1  .\n"
        "2 virginica       .  1  1"
    )


def test_wide_confusion_matrix_becomes_a_list():
    """On a narrow terminal the most frequent confusions tell more than a broken matrix."""
    y_true = [*range(20), 3, 3, 3, 5]
    y_pred = [*range(20), 4, 4, 7, 6]
    report = classification_report(y_true, y_pred, [str(number) for number in range(20)])
    text = evaluation_tables("test", {}, Judged(report), screen=NARROW)
    assert text.endswith(
        "\n\nThe most frequent confusions:\n"
        "true  predicted  rows\n"
        "3     4             2\n"
        "3     7             1\n"
        "5     6             1"
    )
    assert max(len(line) for line in text.splitlines()) <= 40
    perfect = classification_report(range(20), range(20), [str(number) for number in range(20)])
    assert evaluation_tables("test", {}, Judged(perfect), screen=NARROW).endswith(
        "\n\nNo row is taken for another class."
    )


def test_keys_that_are_cut_stay_apart():
    """At the end where that will do, else in the middle or at the start, by cells."""
    keys = ["model.layers[0].units", "model.layers[1].units", "training.epochs"]
    assert cut_apart(keys, 40) == keys
    assert cut_apart(keys, 12) == ["…rs[0].units", "…rs[1].units", "…ning.epochs"]
    assert cut_apart(["val_loss_a", "train_loss"], 6) == ["val_l…", "train…"]
    assert cut_apart(["validation loss", "validation acc"], 9) == ["vali…loss", "vali… acc"]
    assert all(cell_len(text) <= 5 for text in cut_apart(["日本語の一", "日本語の二"], 5))
    assert len({*cut_apart(["日本語の一", "日本語の二"], 5)}) == 2
    table = draw(align([[key, "1"] for key in keys], width=16), Screen(16))
    assert table.splitlines() == ["…ers[0].units  1", "…ers[1].units  1", "…ining.epochs  1"]
