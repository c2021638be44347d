"""`dlrun init` gives configs to start from that train as they are."""

import json

import pytest

from dlrun.cli.templates import SWEEP, TEMPLATES, headline, template_text
from dlrun.config import load_config
from dlrun.sweeps.language.loading import load_sweep
from tests.conftest import CONFIGS
from tests.marking import first

SCORES = {
    "classification": ("accuracy", 0.95),
    "csv": ("accuracy", 0.9),
    "graph": ("accuracy", 0.93),
    "images": ("accuracy", 0.95),
}


def test_templates():
    """The six of them; the first is the one without a name."""
    assert TEMPLATES == ("classification", "csv", "graph", "images", "regression", "sweep")


def test_stdout_is_the_default(dlrun):
    """The text and nothing else, so that it can be redirected."""
    assert dlrun("init", "images") == (0, template_text("images"), "")
    assert dlrun("init") == dlrun("init", "classification")
    assert dlrun("init", "-o", "-") == dlrun("init")


def test_a_file_is_written_and_kept(dlrun, tmp_path, monkeypatch):
    """Its path goes to stdout; a second time only with --force."""
    monkeypatch.chdir(tmp_path)
    written = (0, "new/a b.yaml\n", "Train it with: dlrun train 'new/a b.yaml'\n")
    assert dlrun("init", "-o", "new/a b.yaml") == written
    path = tmp_path / "new" / "a b.yaml"
    path.write_text("mine")
    exit_code, out, err = dlrun("init", "-o", "new/a b.yaml")
    assert (exit_code, out) == (2, "")
    assert err == (
        "error: new/a b.yaml: There is a file of that name already.\n"
        "  Give another name, or --force to overwrite it.\n"
    )
    assert path.read_text() == "mine"
    assert dlrun("init", "-o", "new/a b.yaml", "--force") == written
    assert path.read_text() == template_text("classification")


def test_what_stands_in_the_way_is_named(dlrun, tmp_path):
    """A folder in the place of the file, a file in the place of the folder."""
    (tmp_path / "file").write_text("")
    exit_code, _, err = dlrun("init", "-o", tmp_path / "file" / "a.yaml")
    assert exit_code == 1
    assert err.startswith(f"error: {tmp_path}/file/a.yaml: cannot be written: ")
    exit_code, _, err = dlrun("init", "-o", tmp_path)
    assert exit_code == 1
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("image", "Did you mean 'images'?"),
        ("xyz", f"The templates are {', '.join(TEMPLATES)}."),
        ("x" * 3000, f"The templates are {', '.join(TEMPLATES)}."),
        ("my own.yaml", "`dlrun init classification -o 'my own.yaml'` writes one to that file."),
        (__file__, f"`dlrun init --data {__file__}` writes a config for it."),
    ],
)
def test_unknown_template(dlrun, word, fix):
    """What was probably meant."""
    expected = f"error: There is no template '{word}'.\n  {fix}\n"
    assert dlrun("init", word) == (2, "", expected)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_fits_a_terminal_and_says_what_it_is(template):
    """A headline, comments on most keys, no line over 100 columns but for the example's path."""
    text = template_text(template)
    assert headline(template).endswith(("?", "."))
    assert text.count("#") >= 10
    lines = [line for line in text.splitlines() if "path:" not in line and "base:" not in line]
    assert all(len(line) <= 100 for line in lines)


def test_the_sweep_is_valid(dlrun, tmp_path, monkeypatch):
    """As it is, from anywhere: every point of it is a config that can be trained."""
    monkeypatch.chdir(tmp_path)
    told = dlrun("init", "sweep", "-o", "rates.yaml")
    assert told == (0, "rates.yaml\n", "Train it with: dlrun sweep rates.yaml\n")
    sweep = load_sweep(tmp_path / "rates.yaml")
    experiments = [load_config(sweep.base, [*sweep.fixed, *one.to_apply()]) for one in sweep.points]
    units = {(one.model.layers[0].as_dict()["units"], one.seed) for one in experiments}
    assert (len(experiments), units) == (12, {(8, 0), (8, 1), (32, 0), (32, 1)})
    assert {one.training.epochs for one in experiments} == {40}
    assert sweep.objective.key == "validation.accuracy"


@pytest.mark.parametrize("template", first(2, sorted({*TEMPLATES} - {SWEEP})))
def test_a_template_validates_and_trains(dlrun, template, tmp_path, monkeypatch):
    """As it is, from anywhere, to a score that shows that it has learned."""
    monkeypatch.chdir(tmp_path)
    assert dlrun("init", template, "-o", "a.yaml")[0] == 0
    assert dlrun("validate", "a.yaml")[:2] == (0, "a.yaml: valid\n")
    exit_code, out, err = dlrun("train", "a.yaml", "--quiet", "--no-report")
    assert exit_code == 0, err
    metrics = json.loads((tmp_path / out.strip() / "metrics.json").read_text())["test"]
    if template == "regression":
        assert metrics["mean_absolute_error"] <= 0.15
    else:
        name, least = SCORES[template]
        assert metrics[name] >= least


def test_the_example_table_is_iris():
    """The one that the shipped configs use."""
    from dlrun.cli.templates import FOLDER

    assert (FOLDER / "iris.csv").read_text() == (CONFIGS / "data" / "iris.csv").read_text()
