"""Every example of the README works as it stands."""

from __future__ import annotations

import csv
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CONFIGS, ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^( *)```(\w+)\n(.*?)^\1```$", README, re.MULTILINE | re.DOTALL)


def blocks(language):
    """The code blocks of a language, without the indentation of a list."""
    return [
        re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)
        for indent, name, text in BLOCKS
        if name == language
    ]


@pytest.fixture(scope="module")
def in_shell(tmp_path_factory):
    """Run a script as a user would who has typed `dlrun warm`, but ended by its first failure."""
    home = tmp_path_factory.mktemp("shell")
    home.chmod(0o700)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "XDG_RUNTIME_DIR": str(home)}

    def run(script, folder):
        words = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, check=False
        )

    assert run("dlrun warm", home).returncode == 0
    yield run
    run("dlrun warm stop", home)


def configs_of_readme():
    """The blocks of YAML that are configs, and no sweeps."""
    return [text for text in blocks("yaml") if "\nbase: " not in text]


@pytest.mark.parametrize("text", configs_of_readme())
def test_every_config_of_the_readme_trains(text, dlrun, tmp_path):
    """One epoch of it, at least."""
    (tmp_path / "configs").symlink_to(CONFIGS)
    (tmp_path / "example.yaml").write_text(text)
    dlrun("train", "example.yaml", "--set", "training.epochs=1", "--quiet")


def test_the_sweep_picks_the_best_run_and_predicts(tmp_path, in_shell):
    """The shell script, run by a shell, finds the iris setosa."""
    script, *_ = blocks("bash")
    (tmp_path / "configs").symlink_to(CONFIGS)
    done = in_shell(script, tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert row["predicted"] == "setosa"
    assert len((tmp_path / "runs.txt").read_text().splitlines()) == 6


def test_the_sweep_of_a_file_is_shown_and_its_best_run_evaluated(tmp_path, in_shell):
    """The file and the shell script below it."""
    (text,) = (one for one in blocks("yaml") if one.startswith("name: iris_rates"))
    _, script, _ = blocks("bash")
    (tmp_path / "configs").symlink_to(CONFIGS)
    (tmp_path / "iris_rates.yaml").write_text(text)
    done = in_shell(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert "4 runs: 4 finished" in (tmp_path / "table.txt").read_text()
    assert (tmp_path / "best.yaml").read_text().startswith("# The best run of the sweep")
    assert (tmp_path / "runs" / "iris_rates" / "sweep.html").is_file()


def test_a_table_is_shown_and_trained_on_in_two_commands(tmp_path, dlrun):
    """The two lines as they stand, but for one epoch; and what `dlrun data` prints."""
    (script,) = (one for one in blocks("sh") if one.startswith("dlrun init --data"))
    (shown,) = (one for one in blocks("console") if one.startswith("$ dlrun data"))
    (tmp_path / "configs").symlink_to(CONFIGS)
    init, train = script.splitlines()
    dlrun(*shlex.split(init)[1:])
    dlrun(*shlex.split(train)[1:], "--set", "training.epochs=1", "--quiet")
    command, *lines = shown.splitlines()
    told = dlrun(*shlex.split(command.removeprefix("$ "))[1:]).out
    assert told.splitlines()[: len(lines) - 1] == lines[:-1]


def test_an_extended_run_is_the_whole_run(tmp_path, in_shell):
    """The shell script about exact runs, to its last word."""
    *_, script = blocks("bash")
    (tmp_path / "configs").symlink_to(CONFIGS)
    done = in_shell(script.replace("--quiet", "--quiet --no-report", 3), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("identical: data, initial weights, 6 epochs")


@pytest.mark.filterwarnings("ignore::dlrun.DlrunWarning")
def test_the_examples_of_python_print_what_they_show(tmp_path, monkeypatch):
    """Every `>>>`, as doctest has it."""
    (tmp_path / "configs").symlink_to(CONFIGS)
    monkeypatch.chdir(tmp_path)
    (text,) = blocks("pycon")
    test = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    told = io.StringIO()
    failed = doctest.DocTestRunner().run(test, out=told.write).failed
    assert not failed, told.getvalue()


def test_an_exported_model_answers_raw_cells(tmp_path, dlrun, monkeypatch, capsys):
    """The lines of the shell, but for the quantised form; the program, beside the model."""
    (script,) = (one for one in blocks("sh") if one.startswith("run=$(dlrun train"))
    (program,) = blocks("python")
    (tmp_path / "configs").symlink_to(CONFIGS)
    train, export = script.splitlines()
    run = dlrun(*shlex.split(train.partition("dlrun ")[2].rstrip(")"))).run.absolute()
    assert export.startswith('dlrun export "$run" saved_model')
    dlrun("export", run, "saved_model", "-q")
    monkeypatch.chdir(run)
    exec(program, {})  # noqa: S102 - of the README itself
    assert re.search(r"\[b'(Adelie|Chinstrap|Gentoo)'", capsys.readouterr().out)


def test_writing_a_config_from_a_template(tmp_path, in_shell):
    """The lines give a config, a schema and a run; the line for editors names the schema."""
    (script,) = (one for one in blocks("sh") if one.startswith("dlrun init images"))
    done = in_shell(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Conv2D, a layer of Keras" in done.stdout
    (line,) = re.findall(r"^`# yaml-language-server: \$schema=(\S+)`$", README, re.MULTILINE)
    assert json.loads((tmp_path / line).read_text())["properties"]["model"]
    assert (tmp_path / done.stdout.splitlines()[-1] / "metrics.json").is_file()


def test_the_transcript_is_what_training_prints(dlrun, tmp_path):
    """The same lines, but for the time and the folder's name."""
    (tmp_path / "configs").symlink_to(CONFIGS)
    (tmp_path / "iris.yaml").write_text(blocks("yaml")[0])
    transcript = blocks("console")[0]
    command, *expected = transcript.strip().splitlines()
    printed = dlrun(*command.removeprefix("$ dlrun ").split()).err.strip().splitlines()
    lasting = [line for line in printed if not line.endswith(" ...")]  # the others vanish
    told = [line for line in lasting if not line.startswith("epoch") or "100/100" in line]
    assert [shape_of(line) for line in told] == [shape_of(line) for line in expected]


def test_the_explanation_is_what_explain_prints(dlrun, tmp_path):
    """Every line, but for the folder's name and how far TensorFlow is."""
    (tmp_path / "configs").symlink_to(CONFIGS)
    (transcript,) = (text for text in blocks("console") if "dlrun explain" in text)
    train, explain, _, *expected = transcript.rstrip("\n").split("\n")
    dlrun(*train.removeprefix("$ dlrun ").split())
    _, *printed = dlrun(*explain.removeprefix("$ dlrun ").split()).out.rstrip("\n").split("\n")
    assert printed[:-1] == expected[:-1]
    assert printed[-1].startswith("TensorFlow agrees: ")


def test_the_comparison_is_what_compare_prints(dlrun, tmp_path, in_shell):
    """The same numbers, in the same places; folders have other names."""
    (tmp_path / "configs").symlink_to(CONFIGS)
    (transcript,) = (text for text in blocks("console") if "dlrun compare" in text)
    done = in_shell("\n".join(commands_of(transcript)[:2]).replace("dlrun", ": dlrun"), tmp_path)
    assert done.returncode == 0, done.stderr
    for name, options in (("slow", ["--set", "optimizer.learning_rate=0.001"]), ("fast", [])):
        for seed in "012":
            words = ("--seed", seed, "--name", name, *options, "--quiet")
            dlrun("train", "configs/iris.yaml", *words)
    for command in commands_of(transcript)[2:]:
        words = shlex.split(command)[1:]
        printed = dlrun(*words).out.rstrip("\n").split("\n")
        if words[0] == "label":
            continue
        told = transcript.split(f"$ {command}\n")[1].split("\n$ ")[0].rstrip("\n").split("\n")
        assert [name_of(line) for line in printed] == [name_of(line) for line in told]


def commands_of(transcript):
    """The lines that a user types."""
    return [line.removeprefix("$ ") for line in transcript.splitlines() if line.startswith("$ ")]


def name_of(line):
    """A line without the time and the letters of a folder's name."""
    return re.sub(r"(\d{8}-\d{6}_)?(slow|fast)_[a-z2-7]{4}", r"\2", line)


def shape_of(line):
    """A line without what differs from machine to machine."""
    line = re.sub(r"(?:[\d.]+ m?s  |run folder: )runs/\S+", "PLACE", line)
    return re.sub(r"\d\.\d{3}\d", "N", line)


def test_the_first_block_installs_trains_and_tests():
    """`.ci/run` types these lines."""
    first, second = blocks("sh")[0].strip().splitlines()
    assert "pip install" in first
    assert "dlrun train configs/digits_mlp.yaml" in first
    assert ".[test]" in second
    assert second.endswith("pytest -n auto --dist worksteal")


def test_the_exit_codes_are_those_of_the_errors():
    """The table and the tree of errors agree."""
    from dlrun import errors

    for error in (errors.DlrunError, errors.UsageError, errors.DataError):
        assert f"\n| {error.exit_code} | " in README
    for error in (errors.RunFolderError, errors.DivergedError):
        assert f"\n| {error.exit_code} | " in README


def test_the_table_of_datasets_is_complete():
    """Every word of the shelf stands in it."""
    from dlrun import catalog

    table = README[README.index("### Datasets") : README.index("### Callbacks")]
    assert set(catalog.words("datasets")) <= set(re.findall(r"`(\w+)`", table))
