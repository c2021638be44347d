"""Every example of the README and of the pages works as it stands."""

from __future__ import annotations

import csv
import doctest
import io
import json
import re
import shlex

import pytest

from tests.docs.pages import PAGES, blocks, text_of

WITH_COMMANDS = [page for page in PAGES if blocks(page, "bash", "yaml")]
WITH_PYTHON = [page for page in PAGES if blocks(page, "pycon")]


@pytest.mark.slow
def test_every_config_is_valid(workplace, dlrun):
    """All of them, at once: the words, their arguments, the shapes."""
    configs = [one for page in PAGES for one in blocks(page, "yaml") if one.is_config]
    for config in configs:
        name = config.file or f"{config.place.replace('/', '-').replace(':', '-')}.yaml"
        (workplace / name).write_text(config.text)
        dlrun("validate", name)
    assert len(configs) > 5


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_every_command_of_a_page_works(page, workplace, in_shell):
    """The blocks as one script; a block that fails is named."""
    done = in_shell(script_of(page, workplace), workplace)
    told = done.stderr.splitlines()
    place = [line for line in told if line.startswith("BLOCK ")][-1:]
    assert done.returncode == 0, (place, done.stdout[-2000:], told[-20:])
    RESULTS.get(page, lambda *_: None)(workplace, done.stdout)


BRIEFLY = """\
dlrun() {
    if [[ $1 == train ]]; then command dlrun "$@" --no-report; else command dlrun "$@"; fi
}"""
"""Leaves out the report of each training, which takes longest; the README's are drawn."""


def script_of(page, folder):
    """Everything that a page asks a reader to type, and its configs, which are written."""
    lines = [] if page == "README.md" else [BRIEFLY]
    for block in blocks(page, "bash", "yaml"):
        name = block.file or f"example_{block.line}.yaml"
        lines.append(f"echo 'BLOCK {block.place}' >&2")
        if block.language == "bash":
            lines.append(block.text)
            continue
        (folder / name).write_text(block.text)
        if not block.file:
            epochs = "" if "epochs: 0" in block.text else "--set training.epochs=1"
            lines.append(f"command dlrun train {name} {epochs} --quiet --no-report")
    return "\n".join(lines)


def _ten_minutes(folder, out):
    answers = list(csv.DictReader((folder / "answers.csv").read_text().splitlines()))
    right = sum(row["species"] == row["predicted"] for row in answers)
    assert right > 0.9 * len(answers) == 0.9 * 344
    assert "\\begin{tabular}" in (folder / "table.tex").read_text()
    written = {line.rpartition("/")[2] for line in out.splitlines()}
    assert {"bundle.zip", "saved_model.pb"} <= written


def _many_runs(folder, out):
    """The shell script finds the iris setosa."""
    (row,) = csv.DictReader(out.splitlines()[-2:])
    assert row["predicted"] == "setosa"
    assert len((folder / "runs.txt").read_text().splitlines()) == 6


def _sweeps(folder, out):
    assert "accuracy" in out
    assert "4 runs: 4 finished" in (folder / "table.txt").read_text()
    assert (folder / "best.yaml").read_text().startswith("# The best run of the sweep")
    assert (folder / "runs" / "iris_rates" / "sweep.html").is_file()


def _exactness(_folder, out):
    assert out.splitlines()[-1].startswith("identical: data, initial weights, 6 epochs")


def _write_configs(folder, out):
    """The lines give a config, a schema and a run; the line for editors names the schema.

    What is said of a variant is what is told of it, and each of three configs has three seeds.
    """
    assert "Conv2D, a layer of Keras" in out
    page = text_of("docs/how-to/write-configs.md")
    (line,) = re.findall(r"^`# yaml-language-server: \$schema=(\S+)`$", page, re.MULTILINE)
    assert json.loads((folder / line).read_text())["properties"]["model"]
    runs = [line for line in out.splitlines() if line.startswith("runs/")]
    assert all((folder / run / "metrics.json").is_file() for run in runs)
    names = [run.partition("_")[2].rpartition("_")[0] for run in runs]
    assert names[-9:] == ["base"] * 3 + ["small_steps"] * 3 + ["momentum"] * 3
    (told,) = blocks("docs/how-to/write-configs.md", "text")
    assert told.text in out


def _by_heart(folder, _out):
    assert "large generalisation gap" in (folder / "by_heart.txt").read_text()


RESULTS = {
    "README.md": _ten_minutes,
    "docs/how-to/many-runs.md": _many_runs,
    "docs/how-to/sweeps.md": _sweeps,
    "docs/how-to/write-configs.md": _write_configs,
    "docs/explanation/exactness.md": _exactness,
    "docs/tutorial/5-gap.md": _by_heart,
}
"""What must have come out of the commands of a page."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::dlrun.DlrunWarning")
@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_examples_of_python_print_what_they_show(page, workplace, monkeypatch):
    """Every `>>>`, as doctest has it."""
    monkeypatch.chdir(workplace)
    for block in blocks(page, "yaml"):
        if block.file:
            (workplace / block.file).write_text(block.text)
    text = "\n".join(block.text for block in blocks(page, "pycon"))
    test = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    told = io.StringIO()
    failed = doctest.DocTestRunner().run(test, out=told.write).failed
    assert not failed, told.getvalue()


@pytest.mark.slow
@pytest.mark.usefixtures("workplace")
def test_an_exported_model_answers_raw_cells(dlrun, monkeypatch, capsys):
    """The lines of the shell, but for the quantised form; the program, beside the model."""
    page = "docs/how-to/hand-over.md"
    (script,) = (one.text for one in blocks(page, "sh") if one.text.startswith("run=$(dlrun train"))
    (program,) = blocks(page, "python")
    train, export = script.splitlines()
    run = dlrun(*shlex.split(train.partition("dlrun ")[2].rstrip(")"))).run.absolute()
    assert export.startswith('dlrun export "$run" saved_model')
    dlrun("export", run, "saved_model", "-q")
    monkeypatch.chdir(run)
    exec(program.text, {})  # noqa: S102 - of the page itself
    assert re.search(r"\[b'(Adelie|Chinstrap|Gentoo)'", capsys.readouterr().out)
