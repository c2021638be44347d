"""Lists of runs show every run, and label those that are damaged or whose process is gone."""

import multiprocessing
import os
import signal

import pytest

from dlrun.errors import RunFolderError
from dlrun.rundir.extension import Extension
from dlrun.rundir.folder import Run, create_run, list_runs
from dlrun.rundir.integrity import signed
from dlrun.rundir.record import recording


def finish(run, **metrics):
    with recording(run, {}):
        if metrics:
            run.write_json("metrics.json", metrics)
    return run


def work_for_ever(run, connection):
    with recording(run, {}):
        connection.send("working")
        signal.pause()


def row(runs_dir):
    rows = list_runs(runs_dir)
    assert len(rows) == 1
    return rows[0]


def change(run, **facts):
    record = run.read_json("run.json") | facts
    (run.path / "run.json").write_text(signed(record))


def test_a_longer_training_is_told_while_it_goes_on(tmp_path):
    """The run is finished all the same; what waits for `resume` is not going on."""
    run = create_run(tmp_path, "a")
    finish(run, test={"loss": 0.5})
    home = Run(Extension(run.path).begin())
    home.write_text("config.yaml", "")

    def train_longer():
        with recording(home, {}):
            assert (row(tmp_path).status, row(tmp_path).is_extending) == ("finished", True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_longer()
    assert (row(tmp_path).status, row(tmp_path).is_extending) == ("finished", False)


def test_newest_first(tmp_path):
    """The order is that of the starts, whatever the names."""
    runs = [finish(create_run(tmp_path, name)) for name in ("b", "c", "a")]
    rows = list_runs(tmp_path)
    assert [row.path for row in rows] == [run.path for run in reversed(runs)]
    assert {row.status for row in rows} == {"finished"}


def test_no_folder_holds_no_runs(tmp_path):
    """Before the first run there is nothing to list and nothing wrong."""
    assert list_runs(tmp_path / "runs") == []


def test_a_file_cannot_be_listed(tmp_path):
    """A runs folder that is a file is an error."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunFolderError, match=r"runs: cannot be listed: not a directory\.$"):
        list_runs(tmp_path / "runs")


def test_what_is_not_a_run_is_left_out(tmp_path):
    """Files, other folders, and links (which lead to runs listed elsewhere)."""
    run = finish(create_run(tmp_path, "a"))
    (tmp_path / "README.md").write_text("")
    (tmp_path / "data").mkdir()
    (tmp_path / "best").symlink_to(run.path)
    assert row(tmp_path).path == run.path


@pytest.mark.parametrize(
    ("metrics", "metric", "value"),
    [
        (
            {"train": {"loss": 1.0, "accuracy": 0.5}, "test": {"loss": 2.0, "accuracy": 0.4}},
            "test accuracy",
            0.4,
        ),
        ({"train": {"loss": 1.0}, "validation": {"loss": 2}}, "validation loss", 2.0),
        ({"train": {"mae": 1.0, "loss": 3.0}}, "train mae", 1.0),
        ({"train": {"loss": None}}, "train loss", None),
        ({"test": {}, "train": {"loss": 1.0}}, "train loss", 1.0),
        ({"test": {"loss": 1.0, "classification": {"accuracy": 1.0}}}, "test loss", 1.0),
        ({"test": 3}, None, None),
    ],
)
def test_main_metric(tmp_path, metrics, metric, value):
    """The first metric beside the loss, of the split that tells most."""
    finish(create_run(tmp_path, "a"), **metrics)
    assert (row(tmp_path).metric, row(tmp_path).value) == (metric, value)


def test_failed_run_has_its_reason(tmp_path):
    """The reason of the record is shown."""
    run = create_run(tmp_path, "a")
    with pytest.raises(ValueError, match="no"), recording(run, {}):
        raise ValueError("no")
    assert (row(tmp_path).status, row(tmp_path).reason) == ("failed", "ValueError: no")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b""),
        ("run.json", b"[" * 100_000),
        ("run.json", b"\x00\xff"),
        ("run.json", b'{"format": 99}'),
        ("run.json", b'{"format": 1, "status": "finished", "started": 1e999}'),
        ("metrics.json", b'{"test": '),
    ],
)
def test_damaged_runs_are_labelled(tmp_path, name, content):
    """No damage stops the list; the reason names the file."""
    run = finish(create_run(tmp_path, "a"), train={"loss": 1.0})
    (run.path / name).write_bytes(content)
    shown = row(tmp_path)
    assert shown.status == "damaged"
    assert name in shown.reason
    assert shown.started is not None


def test_links_pipes_and_missing_records_are_damage(tmp_path):
    """Nothing is followed, nothing hangs."""
    linked, piped, empty = (create_run(tmp_path, "a") for _ in range(3))
    (linked.path / "run.json").symlink_to("/etc/passwd")
    os.mkfifo(piped.path / "run.json")
    rows = {row.path: row for row in list_runs(tmp_path)}
    assert {row.status for row in rows.values()} == {"damaged"}
    assert "is a symbolic link" in rows[linked.path].reason
    assert "is not an ordinary file" in rows[piped.path].reason
    assert "is missing" in rows[empty.path].reason


def test_odd_values_do_not_stop_the_list(tmp_path):
    """Values of wrong types in the record are left out or shown as text."""
    run = finish(create_run(tmp_path, "a"))
    change(run, seconds="long", reason=["a"], pid="x")
    assert (row(tmp_path).seconds, row(tmp_path).reason) == (None, "['a']")


def test_running_is_believed_while_the_process_lives(tmp_path):
    """A killed process leaves `running` behind; the lock tells that it is gone."""
    run = create_run(tmp_path, "a")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work_for_ever, args=(run, theirs))
    process.start()
    assert ours.recv() == "working"
    assert row(tmp_path).status == "running"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert run.read_record()["status"] == "running"
    assert row(tmp_path).status == "killed"


def test_without_a_lock_the_pid_tells(tmp_path):
    """A file system without locks still has processes."""
    run = finish(create_run(tmp_path, "a"))
    (run.path / ".lock").unlink()
    change(run, status="running")
    assert row(tmp_path).status == "running"
    for pid in (2**22 + 1, 10**30, -1, 0, None, "1"):
        change(run, pid=pid)
        assert row(tmp_path).status == "killed"
    change(run, pid=1)
    assert row(tmp_path).status == "running"


def test_another_machine_is_believed(tmp_path):
    """A run on a shared disk belongs to a process that cannot be seen from here."""
    run = finish(create_run(tmp_path, "a"))
    change(run, status="running", host="elsewhere", boot="other")
    assert row(tmp_path).status == "running"


def test_a_restarted_machine_has_killed_its_runs(tmp_path):
    """The same host after a boot: the process is gone, whoever has its number now."""
    run = finish(create_run(tmp_path, "a"))
    (run.path / ".lock").unlink()
    change(run, status="running", boot="before")
    assert row(tmp_path).status == "killed"
