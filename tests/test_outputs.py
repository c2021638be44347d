"""What commands write, and what they must never write over."""

from __future__ import annotations

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
