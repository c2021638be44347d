"""Sweeps from the command line and from a file: complete, resumable, equal to single runs."""

from __future__ import annotations

import csv
import json
import signal

import pytest

from dlrun.data.headers import SMALL
from tests.folders import change
from tests.sweeping import MOONS, records, run, start

GRID = """\
base: moons.yaml
grid:
  optimizer.learning_rate: [0.1, 0.01]
  model.layers[0].units: [2, 4]
seeds: 2
exclude: ["optimizer.learning_rate=0.1 and model.layers[0].units=4 and seed=1"]
objective: validation.accuracy
"""


DIVERGING = MOONS.replace("Adam", "SGD").replace("tanh", "relu")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder in which a sweep of seven runs has been carried out; and what was said."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "moons.yaml").write_text(MOONS)
    (folder / "rates.yaml").write_text(GRID)
    return folder, *run(folder, "sweep", "rates.yaml", "--threads", "1")


def test_a_sweep_leaves_a_folder_of_complete_runs(swept):
    """Its path is all that goes to stdout; the runs are what was asked for."""
    folder, out, err = swept
    assert out == "runs/rates\n"
    found = records(folder / "runs" / "rates")
    assert len(found) == 7
    assert {record["status"] for record in found.values()} == {"finished"}
    point = {"optimizer.learning_rate": 0.1, "model.layers[0].units": 2, "seed": 1}
    record = found[json.dumps(point, sort_keys=True)]
    config = (record["folder"] / "config.yaml").read_text()
    assert "learning_rate: 0.1" in config
    assert "seed: 1" in config
    assert record["threads"] == {"intra_op": 1, "inter_op": 1}
    assert "excluded combinations: 1" in err
    assert "[7/7] finished" in err
    assert "7 runs: 7 finished" in err


@pytest.mark.slow
def test_a_run_of_a_sweep_has_the_bits_of_the_same_run_alone(swept):
    """With the same number of threads, in a process of its own."""
    folder, *_ = swept
    words = ("--set", "optimizer.learning_rate=0.1", "--set", "model.layers[0].units=2")
    out, _ = run(
        folder, "train", "moons.yaml", *words, "--seed", 1, "--threads", 1, "--runs-dir", "alone"
    )
    alone = json.loads((folder / out.strip() / "run.json").read_text())
    point = {"optimizer.learning_rate": 0.1, "model.layers[0].units": 2, "seed": 1}
    record = records(folder / "runs" / "rates")[json.dumps(point, sort_keys=True)]
    assert alone["final_weights"] == record["final_weights"]
    assert alone["identity"] == record["identity"]


def test_a_sweep_started_again_trains_nothing(swept):
    """No process is even started."""
    folder, *_ = swept
    before = sorted((folder / "runs" / "rates").glob("2*"))
    out, err = run(folder, "sweep", "rates.yaml", "--threads", "1", "--json")
    _, first, done, last = map(json.loads, out.splitlines())
    assert (first["event"], first["runs"], first["found"]) == ("began", 7, 7)
    assert last == {"event": "results", "folder": "runs/rates"}
    assert (done["event"], done["finished"], done["waiting"]) == ("finished", 7, 0)
    assert err == ""
    assert sorted((folder / "runs" / "rates").glob("2*")) == before


def test_a_longer_axis_trains_what_is_new(swept):
    """Runs that are there keep their number of threads, though another would be the default."""
    folder, *_ = swept
    (folder / "more.yaml").write_text(GRID.replace("[0.1, 0.01]", "[0.1, 0.01, 0.001]"))
    out, err = run(folder, "sweep", "more.yaml", "--name", "rates", "--jobs", "1", "--dry-run")
    assert "11 runs, 7 there already, about" in out
    assert "1 thread a run, as those that are there already have" in err
    assert out.count("waiting") == 4


def test_show(swept):
    """Points by their objective, seeds put together; also as JSON and as CSV."""
    folder, *_ = swept
    out, _ = run(folder, "sweep", "show", "runs/rates")
    head, *rows = out.split("\n\n")[0].splitlines()
    assert head.split() == ["learning_rate", "units", "validation", "accuracy", "finished"]
    means = [float(row.split()[2]) for row in rows]
    assert means == sorted(means, reverse=True)
    assert sorted(row.split()[-1] for row in rows) == ["1/1", "2/2", "2/2", "2/2"]
    told = json.loads(run(folder, "sweep", "show", "runs/rates", "--json")[0])
    assert [point["mean"] for point in told["points"]] == pytest.approx(means, abs=1e-4)
    assert (told["objective"], told["direction"]) == ("validation accuracy", "maximize")
    table = list(
        csv.DictReader(run(folder, "sweep", "show", "runs/rates", "--csv")[0].splitlines())
    )
    assert len(table) == 7
    by_hand = {
        row["run"]: json.loads((folder / "runs/rates" / row["run"] / "metrics.json").read_text())
        for row in table
    }
    for row in table:
        metrics = by_hand[row["run"]]
        assert float(row["validation.accuracy"]) == metrics["validation"]["accuracy"]
        assert float(row["test.loss"]) == metrics["test"]["loss"]


def test_best(swept):
    """The run with the best objective of the best point; its config trains to the same bits."""
    folder, *_ = swept
    told = json.loads(run(folder, "sweep", "show", "runs/rates", "--json")[0])
    best = run(folder, "sweep", "best", "runs/rates")[0].strip()
    assert best == told["best"]
    values = {one["run"]: one["value"] for one in told["points"][0]["runs"]}
    assert values[best] == max(values.values())
    assert run(folder, "sweep", "best", "runs/rates", "-o", "best.yaml")[0] == "best.yaml\n"
    text = (folder / "best.yaml").read_text()
    assert text.startswith(f"# The best run of the sweep runs/rates: {best}\n")
    assert text.endswith((folder / best / "config.yaml").read_text())
    _, err = run(folder, "sweep", "best", "runs/rates", "-o", "best.yaml", code=2)
    assert err == "error: best.yaml: is there already.\n  --force replaces it.\n"


@pytest.mark.slow
def test_runs_of_a_sweep_are_runs(swept):
    """Every other command takes them."""
    folder, *_ = swept
    out, _ = run(folder, "runs", "--runs-dir", "runs/rates", "--where", "seed=0", "--json")
    assert len(json.loads(out)) == 4
    best = run(folder, "sweep", "best", "runs/rates")[0].strip()
    assert "identical" in run(folder, "reproduce", best)[0]
    assert "validation" in run(folder, "evaluate", best, "--split", "validation")[0]


@pytest.mark.slow
def test_damaged_and_strange_runs_are_no_answer(tmp_path):
    """Anybody can write down an identity: what a run without this user's seal holds must bear it.

    Whoever made it, a whole one is done; one of another config, or with other files, is not.
    """
    (tmp_path / "moons.yaml").write_text(MOONS)
    words = ("train", "moons.yaml", "--set", "seed=5..5", "--set", "training.epochs=1")
    out, _ = run(tmp_path, *words)
    first = tmp_path / out.strip()
    assert run(tmp_path, *words)[0] == out
    change(first / "run.json", seal="0" * 64)
    same, err = run(tmp_path, *words)
    assert same == out
    assert "1 finished run is not known as yours, but whole, and not trained again. It was" in err
    (first / "metrics.json").write_text('{"test": {"loss": 0.0}}')
    again, err = run(tmp_path, *words)
    assert again != out
    assert "1 finished run is not known as yours nor whole, and trained anew. It was" in err
    assert "1 run, 1 to train" in err
    change(tmp_path / again.strip() / "run.json", status="nonsense")
    assert run(tmp_path, *words)[0] not in (out, again)


@pytest.mark.slow
def test_several_configs_are_trained_together(tmp_path):
    """Their paths come in the order of the command line; equal ones are one run."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(MOONS)
    out, err = run(
        tmp_path, "train", "two.yaml", "one.yaml", "--set", "training.epochs=1", "--quiet"
    )
    assert err == ""
    assert ["two" in line for line in out.splitlines()] == [True, False]
    out, err = run(
        tmp_path, "train", "two.yaml", "one.yaml", "--set", "training.epochs=1", "--name", "same"
    )
    assert "runs that would be the same as others: 1" in err
    first, second = out.splitlines()
    assert first == second


@pytest.mark.slow
def test_failures_are_told_and_counted_and_do_not_stop_the_rest(tmp_path):
    """The diverged run keeps its folder; the exit code says that not all is well."""
    (tmp_path / "moons.yaml").write_text(DIVERGING)
    grid = ("--set", "optimizer.learning_rate=[1e30,0.1]", "--set", "seed=0..1")
    words = ("train", "moons.yaml", *grid, "--jobs", "1")
    out, err = run(tmp_path, *words, code=1)
    assert len(out.splitlines()) == 2
    lines = [line for line in err.splitlines() if "failed" in line]
    assert len(lines) == 3
    assert "learning_rate=1e+30 seed=0  The loss became NaN or infinite in epoch 1." in lines[0]
    assert lines[0].split()[-1].startswith("runs/2")
    assert lines[-1] == "4 runs: 2 finished, 2 failed"
    _, err = run(tmp_path, *words, "--quiet", code=1)
    assert err == ""
    _, err = run(tmp_path, *words, "--retry-failed", code=1)
    assert "4 runs, 2 there already, 2 diverged before, and would again\n" in err


@pytest.mark.slow
def test_fail_fast_ends_the_rest(tmp_path):
    """The first failure is the last run."""
    (tmp_path / "moons.yaml").write_text(DIVERGING)
    grid = ("--set", "optimizer.learning_rate=[1e30,0.1]", "--set", "seed=0..1")
    out, err = run(tmp_path, "train", "moons.yaml", *grid, "--jobs", "1", "--fail-fast", code=1)
    assert out == ""
    assert "--fail-fast: the other runs are ended" in err
    assert err.splitlines()[-1] == "4 runs: 3 waiting, 1 failed"


@pytest.mark.slow
def test_a_failed_run_is_tried_again_only_if_asked(tmp_path):
    """Such as one whose disk was full; it goes on in its folder."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    words = ("train", "moons.yaml", "--set", "seed=0..1", "--jobs", "1")
    out, _ = run(tmp_path, *words, "--quiet")
    failed = tmp_path / out.splitlines()[0]
    change(failed / "run.json", status="failed", exit_code=1, reason="no space left on device")
    _, err = run(tmp_path, *words, code=1)
    assert "2 runs, 1 there already, 1 failed before (--retry-failed tries again)\n" in err
    again, _ = run(tmp_path, *words, "--retry-failed", "--quiet")
    assert again == out
    assert json.loads((failed / "run.json").read_text())["status"] == "finished"


@pytest.mark.slow
def test_runs_whose_data_are_wrong_leave_no_folder(tmp_path):
    """The failures are told, and once the data are right the runs are there."""
    (tmp_path / "moons.yaml").write_text(
        MOONS.replace("{type: moons, samples: 60,", "{type: csv, path: rows.csv, target: y,")
    )
    rows = "a,b,y\n" + "".join(f"{n % 7},{n % 5},{n % 2}\n" for n in range(60))
    (tmp_path / "rows.csv").write_text(rows + "1,2\n")
    words = ("train", "moons.yaml", "--set", "seed=0..1", "--jobs", "1")
    out, err = run(tmp_path, *words, code=1)
    assert out == ""
    assert err.count("rows.csv:62: ") == 2
    assert err.splitlines()[-1] == "2 runs: 2 failed"
    assert "runs/2" not in err
    assert list((tmp_path / "runs").glob("2*")) == []
    (tmp_path / "rows.csv").write_text(rows)
    out, _ = run(tmp_path, *words, "--quiet")
    assert len(out.splitlines()) == 2
    (tmp_path / "rows.csv").unlink()
    _, err = run(tmp_path, *words, code=3)
    assert err.splitlines()[-1] == f"error: dataset: missing: {tmp_path / 'rows.csv'}."


@pytest.mark.parametrize("is_sweep", [False, True], ids=["grid", "sweep"])
def test_a_mistake_that_only_training_finds_is_told_where_it_is_written(tmp_path, is_sweep):
    """In the config of the user, not in a file that was there for a moment; no folder is left.

    The third class stands where no check before the training reads.
    """
    config = MOONS.replace("{type: moons, samples: 60,", "{type: csv, path: rows.csv, target: y,")
    config = config.replace("binary_crossentropy", "sparse_categorical_crossentropy")
    config = config.replace("units: 1, activation: sigmoid", "units: 2, activation: softmax")
    (tmp_path / "rows.yaml").write_text(config)
    (tmp_path / "many.yaml").write_text("base: rows.yaml\nseeds: 2\n")
    zeros = "0" * 500
    early = "".join(f"{n % 7}.{zeros},{n % 5}.{zeros},{'ab'[n % 2]}\n" for n in range(2500))
    assert len(early) > SMALL
    late = "1,2,c\n" * 50
    (tmp_path / "rows.csv").write_text(f"a,b,y\n{early}{late}")
    assert run(tmp_path, "validate", "rows.yaml")[1].count("not looked at: the rows of") == 1
    grid = ("train", "rows.yaml", "--set", "seed=0..1")
    _, err = run(tmp_path, *(("sweep", "many.yaml") if is_sweep else grid), code=1)
    folder = tmp_path / "runs" / ("many" if is_sweep else "")
    assert err.count("rows.yaml:5:7: model.layers[-1]: ") == 2
    assert "Set `units: 3`" in err
    assert "config.yaml" not in err
    assert "/dlrun-" not in err
    assert list(folder.glob("2*")) == []


@pytest.mark.slow
def test_a_signal_ends_a_sweep_in_good_order(tmp_path):
    """The runs at work are closed and saved; the next start goes on with them."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "long.yaml").write_text(
        "base: moons.yaml\nset: {training.epochs: 40000}\nseeds: 3\nobjective: train.loss\n"
    )
    process = start(tmp_path, "sweep", "long.yaml", "--jobs", "2", "--json")
    for line in process.stdout:
        if json.loads(line)["event"] == "progressed" and json.loads(line)["epoch"] > 100:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err == "Interrupted by SIGINT.\n"
    found = records(tmp_path / "runs" / "long")
    assert len(found) == 2
    assert {record["status"] for record in found.values()} == {"interrupted"}
    assert all((record["folder"] / "checkpoint").is_dir() for record in found.values())
    out, _ = run(tmp_path, "sweep", "long.yaml", "--dry-run")
    assert "3 runs, about" in out


@pytest.mark.slow
def test_two_processes_do_not_work_on_one_sweep(tmp_path):
    """The second one is told."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "long.yaml").write_text("base: moons.yaml\nset: {training.epochs: 9999}\nseeds: 2")
    process = start(tmp_path, "sweep", "long.yaml", "--json")
    assert json.loads(process.stdout.readline())["event"] == "began"
    _, err = run(tmp_path, "sweep", "long.yaml", code=4)
    assert err == "error: runs/long: another process works on this sweep.\n"
    process.terminate()
    process.communicate(timeout=300)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("base: nothing.yaml\nseeds: 2", 2, "nothing.yaml: There is no such file."),
        ("base: moons.yaml\ngrid: {optimizer.lerning_rate: [1, 2]}", 2,
         ("sweep.yaml:2:8: optimizer.lerning_rate: Adam has no argument 'lerning_rate'. "
         "Did you mean 'learning_rate'?")),
        ("base: moons.yaml\nseeds: 2\nobjective: test.acuracy", 2,
         ("sweep.yaml:3:12: objective: The runs do not measure 'acuracy'. "
         "They measure 'loss', 'accuracy'.")),
        (("base: moons.yaml\nset: {dataset.validation_split: null}\nseeds: 2\n"
         "objective: validation.loss"), 2,
         ("sweep.yaml:4:12: objective: The runs have no validation rows. "
         "Set dataset.validation_split.")),
        (("base: moons.yaml\nrandom: {'model.layers[0].units': {integer: [0, 9]}}\nsampler: tpe\n"
         "objective: test.loss"), 2, "model.layers[0].units: Expected 1 or more, got 0."),
    ],
)  # fmt: skip
def test_mistakes_are_told_before_anything_is_trained(dlrun, tmp_path, text, code, told):
    """Those of the sweep, of its base, of its points."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    (tmp_path / "sweep.yaml").write_text(text)
    assert told in dlrun("sweep", "sweep.yaml", code=code).err
    assert not (tmp_path / "runs").exists()


def test_what_is_no_sweep(dlrun, tmp_path):
    """`show` and `best` say so."""
    (tmp_path / "empty").mkdir()
    told = (
        "error: empty: is not the folder of a sweep: sweep.json is missing.\n"
        "  `dlrun sweep SWEEP.yaml` prints it.\n"
    )
    assert dlrun("sweep", "show", "empty", code=2).err == told
    assert dlrun("sweep", "best", "empty", code=2).err == told
    (tmp_path / "runs" / "rates").mkdir(parents=True)
    (tmp_path / "runs" / "rates" / "sweep.json").touch()
    told = "error: there is no sweep 'ratse' in runs.\n  Did you mean 'rates'?\n"
    assert dlrun("sweep", "show", "ratse", code=2).err == told
    told = "error: there is no sweep 'x' in runs.\n  `dlrun sweep SWEEP.yaml` prints its folder.\n"
    assert dlrun("sweep", "report", "x", code=2).err == told
    told = (
        "error: an empty text names no sweep.\n  Is it a variable of the shell that is not set?\n"
    )
    assert dlrun("sweep", "best", "", code=2).err == told
    (tmp_path / "empty" / "sweep.json").write_text('{"format": 1}')
    told = "error: empty/sweep.json: is not what a sweep saved: damaged.\n"
    assert dlrun("sweep", "show", "empty", code=4).err == told


@pytest.mark.parametrize("flag", ["--jobs=2", "--retry-failed", "--fail-fast"])
def test_what_says_nothing_of_a_single_run(dlrun, tmp_path, flag):
    """Is refused."""
    (tmp_path / "moons.yaml").write_text(MOONS)
    told = f"error: {flag.removesuffix('=2')}: there is one run to train, for which this says "
    assert dlrun("train", "moons.yaml", flag, code=2).err.startswith(told)


def test_the_syntax_of_halving(dlrun, tmp_path):
    """What says nothing is named."""
    (tmp_path / "s.yaml").write_text("base: b.yaml")
    told = "error: --halving: 'eta=x' says nothing.\n  Such as eta=3,min_epochs=5\n"
    assert dlrun("sweep", "s.yaml", "--halving", "eta=x", code=2).err == told
