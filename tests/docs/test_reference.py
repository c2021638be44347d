"""The reference is made of dlrun itself: nothing is missing in it, and nothing is written twice."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest

from dlrun import catalog, errors
from dlrun.cli.app import COMMANDS, GROUPS, VARIABLES
from tests.conftest import ROOT
from tests.docs.made import module
from tests.docs.pages import PAGES, text_of

reference = module("reference")
_READ = re.compile(r"""environ(?:\.get\(|\[)\s*["']([A-Z]\w+)["']""")
_NAMED = re.compile(r"""(?:envvar=|VARIABLE: Final = |VARIABLE = )["'](\w+)["']""")
OF_OTHERS = {"TERM", "KERAS_BACKEND", "RAY_USAGE_STATS_ENABLED", "PYDANTIC_DISABLE_PLUGINS"}
"""Variables that dlrun sets for others, or that say what a terminal is."""


def test_every_kind_of_word_has_a_page():
    """With all of its words, the arguments of each, and what it may be called else."""
    for kind in catalog.KINDS:
        assert f"<!-- made: words {kind} -->" in text_of(f"docs/reference/words/{kind}.md")
    made = reference.words("layers")
    assert set(re.findall(r"^## (\w+)$", made, re.MULTILINE)) == set(catalog.words("layers"))
    dense = made[made.index("\n## Dense\n") :]
    assert "`units`" in dense[: dense.index("\n## ", 5)]
    assert "`mse`" in reference.words("losses").partition("## MeanSquaredError\n")[2][:80]


def test_every_key_of_a_config_is_there():
    """Those of all sections, with their defaults."""
    made = reference.config_keys()
    for section, path in (
        ("Experiment", ""),
        ("DatasetConfig", "dataset."),
        ("TrainingConfig", "training."),
    ):
        for field in catalog.fields("dlrun.config.schema", section):
            assert field.name == "arguments" or f"`{path}{field.name}`\n" in made
    assert "`training.batch_size`\n: *a whole number, default `32`*" in made


def test_every_command_is_there():
    """And its subcommands, with all options but `--help`."""
    made = reference.commands()
    assert [name for group in GROUPS.values() for name in group] == list(COMMANDS)
    for name in (*COMMANDS, "sweep best", "warm stop"):
        assert f"\n## dlrun {name}\n" in made
    assert "`--set KEY=VALUE`\n: Set a key of the config" in made
    assert "--help`\n" not in made


def test_every_exit_code_is_there():
    """That of each error, and those that are none."""
    codes = {one for key in errors.EXIT_CODES for one in key.split(", ")}
    kinds = [errors.DlrunError, *_below(errors.DlrunError)]
    assert {str(kind.exit_code) for kind in kinds if hasattr(kind, "exit_code")} <= codes
    assert {"0", "6", "130", "141", "143"} <= codes
    assert reference.exit_codes().count("\n") == len(errors.EXIT_CODES) + 1


def _below(kind):
    return [one for child in kind.__subclasses__() for one in (child, *_below(child))]


def test_every_variable_that_is_read_is_there():
    """As the code names them."""
    read = set()
    for path in (ROOT / "dlrun").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        read |= {one for one in _READ.findall(text) + _NAMED.findall(text) if one.isupper()}
    ours = {one for one in read if not one.startswith(("_", "TF_", "SLURM_"))}
    assert ours - OF_OTHERS <= set(VARIABLES)
    assert {one for one in read if one.startswith("DLRUN_")} <= set(VARIABLES)


def test_what_a_page_asks_for_can_be_made():
    """Every mark of every page names a function, and leaves no mark behind."""
    made = module("made")
    for page in PAGES:
        if "<!-- made:" in text_of(page):
            filled = made.fill_in(text_of(page))
            assert "<!-- made:" not in filled, page
            assert "The site (" not in filled, page


IN_PLACE = re.compile(r"^<!-- made: .* -->\n(.*(?:\n.+)*)", re.MULTILINE)


def test_whoever_reads_the_file_is_told_what_stands_there(dlrun):
    """Below every mark: what the site shows, and commands that show the same."""
    commands = set()
    for page in PAGES:
        text = text_of(page)
        told = IN_PLACE.findall(text)
        assert len(told) == len(re.findall("^<!-- made:", text, re.MULTILINE)), page
        for one in told:
            assert one.startswith("*The site ([how to build it]("), page
            shown = re.search(r"In a terminal: ([^*]*)\*$", " ".join(one.split()))
            assert shown, page
            commands |= {*re.findall(r"`(\w.*?)`", shown[1])}
    assert {"dlrun list optimizers", "dlrun list optimizers Adam", "dlrun schema"} <= commands
    own = [one.split()[1:] for one in commands if one.startswith("dlrun ")]
    assert len(own) == len(commands) - len({"man dlrun", "python -m pydoc dlrun.rundir.names"})
    for words in own:
        assert dlrun(*words).out


def test_the_man_page_is_what_would_be_written():
    """`python docs/man_page.py` writes it anew."""
    assert text_of("docs/dlrun.1") == module("man_page").man_page()


def test_the_man_page_is_installed():
    """Where `man` looks for it."""
    project = tomllib.loads(text_of("pyproject.toml"))
    files = project["tool"]["setuptools"]["data-files"]
    assert files == {"share/man/man1": ["docs/dlrun.1"]}


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff")
def test_the_man_page_can_be_read():
    """Without a warning; every command has its part."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "docs/dlrun.1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    shown = re.sub(r"\x1b\[[\d;]*m|.\x08", "", done.stdout)
    for name in COMMANDS:
        assert f"dlrun {name}" in shown
    assert "config's" in shown
