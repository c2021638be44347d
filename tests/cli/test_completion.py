"""The Tab key: what a shell is offered, in a process of its own as a shell asks for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dlrun import catalog
from dlrun.cli.templates import TEMPLATES
from tests.cli.stored import store
from tests.forked import COMMAND, run_program

REPORT = """
import sys
from dlrun.cli.main import main
code = main()
print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""
HEAVY = {"numpy", "tensorflow", "keras", "safetensors"}
PLAIN = re.compile(r"[\w ,.-]*")
"""The part of a text that no shell has to quote."""
BIN = Path(sys.executable).parent
needs_dlrun = pytest.mark.skipif(not (BIN / "dlrun").exists(), reason="dlrun is not installed")


@pytest.fixture
def folder(tmp_path):
    """Configs in folders, runs, and names with a blank."""
    for name in ("iris.yaml", "notes.txt", "configs/a.yaml", "configs/b.yml", "one/two/c.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for name in ("20261121-000000_first_aaaa", "20261121-000001_second_bbbb"):
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        (run / "run.json").write_text("{")
    return tmp_path


def ask(folder, *words, by="bash", program=COMMAND):
    """What a shell gets for the words of a line, the last of which is incomplete."""
    line = " ".join(["dlrun", *words])
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("_TYPER")
    }
    environment |= {
        "_DLRUN_COMPLETE": f"complete_{by}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = run_program(program, cwd=folder, env=environment)
    done.check_returncode()
    return done


def offered(folder, *words):
    """The choices, sorted."""
    return sorted(ask(folder, *words).stdout.split())


def test_commands(folder):
    """All of them, or those that begin so."""
    assert {"train", "list", "schema", "init"} <= set(offered(folder, ""))
    assert offered(folder, "sch") == ["schema"]


def test_config_files(folder):
    """YAML files and folders; a folder that is the only choice is entered."""
    command = "train"
    assert offered(folder, "validate", "iris.yaml", "o") == ["one/two/c.yaml"]
    assert offered(folder, command, "") == ["configs/", "iris.yaml", "one/", "runs/"]
    assert offered(folder, command, "i") == ["iris.yaml"]
    assert offered(folder, command, "con") == ["configs/a.yaml", "configs/b.yml"]
    assert offered(folder, command, "configs/b") == ["configs/b.yml"]
    assert offered(folder, command, "on") == ["one/two/c.yaml"]
    assert offered(folder, command, "nothing/") == []


def test_a_link_to_itself_ends(folder):
    """A folder that leads into itself is not entered for ever."""
    (folder / "zz").mkdir()
    (folder / "zz" / "zz").symlink_to(folder / "zz")
    assert offered(folder, "train", "zz")[0].startswith("zz/zz/")


def test_names_with_blanks_are_left_to_bash(folder):
    """Bash quotes what it finds itself; the other shells quote what they are given."""
    (folder / "my config.yaml").write_text("")
    assert offered(folder, "train", "m") == []
    assert ask(folder, "train", "m", by="fish").stdout == "my config.yaml\n"


def test_runs(folder):
    """`latest` and the names, of the folder that is given."""
    command = "evaluate"
    assert offered(folder, "predict", "la") == ["latest"]
    names = sorted(path.name for path in (folder / "runs").iterdir())
    assert ask(folder, command, "").stdout.split() == ["latest", *reversed(names)]
    assert offered(folder, command, names[0][:15]) == names[:1]
    assert offered(folder, command, "--runs-dir", "configs", "") == []
    assert offered(folder, command, "--runs-dir", "iris.yaml", "") == []


@pytest.mark.parametrize("command", ["compare", "diff", "label", "note"])
def test_runs_of_every_command_that_takes_some(folder, command):
    """Wherever a run is meant."""
    names = sorted(path.name for path in (folder / "runs").iterdir())
    assert ask(folder, command, "").stdout.split() == ["latest", *reversed(names)]


def test_keys(folder):
    """What runs can be sorted by and shown with; after a comma the next one."""
    store(folder / "runs", "third")
    assert offered(folder, "runs", "--sort", "optimizer.learn") == ["optimizer.learning_rate"]
    assert offered(folder, "runs", "--columns", "name,test.a") == ["name,test.accuracy"]
    assert offered(folder, "runs", "--columns", "+lab") == ["+label"]
    assert offered(folder, "runs", "--runs-dir", "iris.yaml", "--sort", "st") == []


def test_kinds_and_words(folder):
    """Every kind, every word; aliases once a letter is typed."""
    assert offered(folder, "list", "") == sorted(catalog.KINDS)
    assert offered(folder, "list", "datasets", "") == sorted(catalog.words("datasets"))
    assert offered(folder, "list", "layers", "Conv2D") == ["Conv2D", "Conv2DTranspose"]
    assert {"mse", "mean_squared_error"} <= set(offered(folder, "list", "losses", "m"))
    assert offered(folder, "list", "nothing", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize("kind", ["datasets", "layers", "activations", "exporters"])
def test_words_are_explained(folder, shell, kind):
    """Zsh and fish show the first sentence of each word; none breaks their format."""
    done = ask(folder, "list", kind, "", by=shell)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for name, line in zip(catalog.words(kind), lines, strict=True):
        assert name in line
        assert PLAIN.match(catalog.gist(kind, name))[0] in line


def test_options_are_explained_on_one_line(folder):
    """A second line would be one more choice."""
    lines = ask(folder, "train", "a.yaml", "--", by="fish").stdout.splitlines()
    assert len(lines) >= 6
    assert all(line.startswith("--") for line in lines)


def test_templates(folder):
    """Those of `dlrun init`."""
    assert offered(folder, "init", "") == list(TEMPLATES)
    assert offered(folder, "init", "im") == ["images"]


def test_layers(folder):
    """Those of the run that stands before; none where its config cannot be read."""
    assert offered(folder, "weights", "first", "") == []
    config = "dataset: {type: moons}\ntraining: {epochs: 0}\nmodel: {layers: ["
    config += "{type: Dense, units: 2}, {type: Dense, units: 1}, {type: ReLU}]}\n"
    (folder / "runs" / "20261121-000000_first_aaaa" / "config.yaml").write_text(config)
    assert offered(folder, "weights", "first", "den") == ["dense", "dense_1"]


@pytest.mark.parametrize(
    "words",
    [
        [""],
        ["train", ""],
        ["evaluate", ""],
        ["list", ""],
        ["list", "layers", ""],
        ["init", ""],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded(folder, words):
    """A key press must not wait for TensorFlow or NumPy."""
    loaded = set(ask(folder, *words, program=REPORT).stderr.split())
    assert "dlrun" in loaded
    assert not HEAVY & loaded


def in_shell(folder, *command):
    """What a real shell prints, with this environment's `dlrun` on its path."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


BASH = """
eval "$(_DLRUN_COMPLETE=source_bash dlrun)"
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
[[ $(complete -p dlrun) == *"-F "* ]] || exit 1
_dlrun_completion dlrun
printf '%s\\n' "${COMPREPLY[@]}"
"""


@needs_dlrun
@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (["dlrun", "sch"], ["schema"]),
        (["dlrun", "train", "conf"], ["configs/a.yaml", "configs/b.yml"]),
        (["dlrun", "evaluate", "lat"], ["latest"]),
        (["dlrun", "list", "layers", "Conv2D"], ["Conv2D", "Conv2DTranspose"]),
        (["dlrun", "init", "im"], ["images"]),
    ],
)
def test_in_a_real_bash(folder, words, choices):
    """The script that typer gives to bash calls us and fills COMPREPLY."""
    assert in_shell(folder, "bash", "-c", BASH, "bash", *words) == choices


@needs_dlrun
@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_in_a_real_fish(folder):
    """Fish shows the choices with what they mean."""
    script = "_DLRUN_COMPLETE=source_fish dlrun | source; complete -C 'dlrun list lay'"
    assert in_shell(folder, "fish", "-c", script)[0] == "layers"


@needs_dlrun
@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_the_script_for_zsh(folder):
    """Zsh can read it, and what it evaluates on a key press."""
    script = "compdef() {}; _arguments() { print -rl -- $@ }\n"
    script += 'eval "$(_DLRUN_COMPLETE=source_zsh dlrun)"\n'
    script += "words=(dlrun list lay); CURRENT=3; _dlrun_completion"
    assert '"layers":"What' in " ".join(in_shell(folder, "zsh", "-f", "-c", script))
