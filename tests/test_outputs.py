"""What commands write, and what they must never write over."""

from __future__ import annotations

import json
import os

import pytest

from tests.test_bad_input import TABLE, config


@pytest.fixture
def run(dlrun, tmp_path):
    """A finished run over a table, with rows to predict beside it."""
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "good.yaml").write_text(config())
    (tmp_path / "new.csv").write_text("a,b\n1,2\n30,4\n")
    return dlrun("train", "good.yaml", "--quiet").run


def test_predict_writes_into_a_pipe(run, dlrun, tmp_path):
    """It is not replaced by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Opened for both ways, so that the test ends even where nobody writes.
    descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        dlrun("predict", run, "new.csv", "-o", pipe)
        assert pipe.is_fifo()
        received = os.read(descriptor, 65536).decode().splitlines()
    finally:
        os.close(descriptor)
    assert len(received) == 3


def test_predict_follows_a_symbolic_link(run, dlrun, tmp_path):
    """The link stays; the file behind it, there or not, is written."""
    (tmp_path / "folder").mkdir()
    link, file = tmp_path / "link.csv", tmp_path / "folder" / "file.csv"
    link.symlink_to(file)
    for _ in range(2):
        dlrun("predict", run, "new.csv", "-o", link)
        assert link.is_symlink()
        assert len(file.read_text().splitlines()) == 3
        file.write_text("old")


def test_predict_does_not_write_over_its_input(run, dlrun, tmp_path):
    """Neither by its name nor by a link to it."""
    (tmp_path / "link.csv").symlink_to("new.csv")
    before = (tmp_path / "new.csv").read_text()
    for output in ("new.csv", "./link.csv"):
        told = dlrun("predict", run, "new.csv", "-o", output, code=2).err
        assert "the output is the input" in told
        assert (tmp_path / "new.csv").read_text() == before


def test_predictions_of_a_file_that_is_called_like_a_split(run, dlrun, tmp_path):
    """What training exported stays; asking again replaces the answer."""
    exported = (run / "predictions" / "train.csv").read_bytes()
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
        for _ in range(2):
            written = dlrun("predict", run, name).run
            assert written.name == name.replace(".", "_input.")
            assert len(written.read_text().splitlines()) == 2
    assert (run / "predictions" / "train.csv").read_bytes() == exported


def test_predictions_of_two_files_of_one_name(run, dlrun, tmp_path):
    """Each input has a file of its own, also the second time."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "new.csv").write_text("a,b\n1,2\n")
    for _ in range(2):
        first = dlrun("predict", run, "new.csv").run
        second = dlrun("predict", run, "folder/new.csv").run
        assert (first.name, second.name) == ("new.csv", "new_2.csv")
        assert len(first.read_text().splitlines()) == 3
        assert len(second.read_text().splitlines()) == 2


def test_a_file_that_is_called_like_a_split_does_not_change_the_metrics_of_the_run(
    run, dlrun, tmp_path
):
    """Its numbers stand beside the run's, and the list of runs does not take them for those."""
    before = (run / "metrics.json").read_bytes()
    listed = dlrun("runs", "--json").out
    rows = TABLE.splitlines()[:4]
    for name in ("train", "test"):
        (tmp_path / name).write_text("\n".join(rows) + "\n")
        dlrun("evaluate", run, "--data", name)
    assert (run / "metrics.json").read_bytes() == before
    found = [json.loads(path.read_text()) for path in (run / "evaluations").iterdir()]
    assert {one["file"] for one in found} == {str(tmp_path / name) for name in ("train", "test")}
    assert all({"loss", "accuracy"} == set(one["metrics"]) for one in found)
    assert dlrun("runs", "--json").out == listed


@pytest.mark.slow
def test_a_file_with_the_column_of_weights_is_measured_by_it(dlrun, tmp_path):
    """As the run's own split is: the same rows give the same loss. `predict` needs no weights."""
    header, *rows = TABLE.splitlines()
    weighted = [f"{header},w", *(f"{row},{number % 5}" for number, row in enumerate(rows))]
    (tmp_path / "table.csv").write_text("\n".join(weighted) + "\n")
    dataset = {"type": "csv", "path": "table.csv", "target": "kind", "sample_weight": "w"}
    (tmp_path / "weighted.yaml").write_text(config(dataset=dataset))
    run = dlrun("train", "weighted.yaml", "--quiet").run

    def loss(*words):
        return json.loads(dlrun("evaluate", run, "--json", *words).out)["metrics"]["loss"]

    expected = loss("--split", "train")
    assert loss("--data", "table.csv") == expected
    assert "not used" not in dlrun("predict", run, "table.csv").err
    (tmp_path / "plain.csv").write_text(TABLE)
    assert loss("--data", "plain.csv") != expected
