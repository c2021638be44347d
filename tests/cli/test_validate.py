"""`dlrun validate` tells every mistake of every file, and trains nothing."""

import json
from pathlib import Path


def test_valid_configs(config, dlrun):
    """Each valid file is named."""
    Path("other.yaml").write_text(Path(config).read_text())
    assert dlrun("validate", config, "other.yaml") == (
        0,
        "tiny.yaml: valid\nother.yaml: valid\n",
        "",
    )


def test_problems_of_several_files(config, dlrun):
    """Problems go to stderr, file by file; what is valid is still said; exit code 2."""
    Path("a.yaml").write_text("sed: 1\n" + Path(config).read_text())
    exit_code, out, err = dlrun("validate", "a.yaml", config, "nothing.yaml")
    assert (exit_code, out) == (2, "tiny.yaml: valid\n")
    lines = err.splitlines()
    assert lines[0] == "error: 2 problems in the config"
    assert lines[1].startswith("  a.yaml:1:1: sed: ")
    assert lines[2].startswith("  nothing.yaml: ")


def test_overrides(config, dlrun):
    """--set is checked like the file."""
    exit_code, _, err = dlrun("validate", config, "--set", "sed=1")
    assert exit_code == 2
    assert err.startswith("error: --set sed: ")


def test_json(config, dlrun):
    """The same as data, on stdout; the exit code still tells."""
    Path("a.yaml").write_text("sed: 1\n" + Path(config).read_text())
    exit_code, out, err = dlrun("validate", "a.yaml", config, "--json")
    assert (exit_code, err) == (2, "")
    broken, valid = json.loads(out)
    assert valid == {"config": config, "valid": True, "problems": [], "warnings": []}
    assert (broken["config"], broken["valid"]) == ("a.yaml", False)
    assert len(broken["problems"]) == 1
    problem = broken["problems"][0]
    assert (problem["location"], problem["path"]) == ("a.yaml:1:1", "sed")
    assert "seed" in problem["fix"]
    assert dlrun("validate", config, "--json")[0] == 0
