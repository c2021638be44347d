"""What the pages show as printed is what is printed."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.docs.pages import blocks


def transcript(page, command):
    """The block of a page in which a command is typed: the commands, each with what it prints."""
    (text,) = (one.text for one in blocks(page, "console") if f"$ {command}" in one.text)
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.splitlines()[0], part.rstrip("\n").split("\n")[1:]) for part in parts]


def words_of(command):
    """The words of a command behind `dlrun`."""
    return shlex.split(command)[1:]


def test_a_first_training(dlrun, workplace):
    """The same lines, but for the time and the folder's name."""
    (config,) = blocks("README.md", "yaml")
    (workplace / config.file).write_text(config.text)
    ((command, expected),) = transcript("README.md", "dlrun train iris.yaml")
    printed = dlrun(*words_of(command)).err.strip().splitlines()
    lasting = [line for line in printed if not line.endswith(" ...")]  # the others vanish
    told = [line for line in lasting if not line.startswith("epoch") or "100/100" in line]
    assert [shape_of(line) for line in told] == [shape_of(line) for line in expected]


def test_a_first_mistake(dlrun, workplace):
    """To the letter."""
    (config,) = blocks("README.md", "yaml")
    (workplace / config.file).write_text(config.text)
    ((command, expected),) = transcript("README.md", "dlrun validate")
    assert dlrun(*words_of(command), code=2).err.strip().splitlines() == expected


@pytest.mark.usefixtures("workplace")
def test_a_table(dlrun):
    """What `dlrun data` prints, as far as it is shown."""
    ((command, lines),) = transcript("docs/how-to/own-tables.md", "dlrun data")
    told = dlrun(*words_of(command)).out
    assert told.splitlines()[: len(lines) - 1] == lines[:-1]


@pytest.mark.usefixtures("workplace")
def test_an_explanation(dlrun):
    """Every line, but for the folder's name and how far TensorFlow is."""
    page = "docs/how-to/look-inside.md"
    (train, _), (explain, (_, *expected)) = transcript(page, "dlrun explain")
    dlrun(*words_of(train))
    _, *printed = dlrun(*words_of(explain)).out.rstrip("\n").split("\n")
    assert printed[:-1] == expected[:-1]
    assert printed[-1].startswith("TensorFlow agrees: ")


@pytest.mark.slow
def test_a_comparison(dlrun, workplace, in_shell):
    """The same numbers, in the same places; folders have other names."""
    shown = transcript("docs/how-to/many-runs.md", "dlrun compare")
    loops = "\n".join(command for command, _ in shown[:2])
    done = in_shell(loops.replace("dlrun", ": dlrun"), workplace)
    assert done.returncode == 0, done.stderr
    for name, options in (("slow", ["--set", "optimizer.learning_rate=0.001"]), ("fast", [])):
        for seed in "012":
            words = ("--seed", seed, "--name", name, *options, "--quiet")
            dlrun("train", "configs/iris.yaml", *words)
    for command, told in shown[2:]:
        printed = dlrun(*words_of(command)).out.rstrip("\n").split("\n")
        if not command.startswith("dlrun label"):
            assert [name_of(line) for line in printed] == [name_of(line) for line in told]


def name_of(line):
    """A line without the time and the letters of a folder's name."""
    return re.sub(r"(\d{8}-\d{6}_)?(slow|fast)_[a-z2-7]{4}", r"\2", line)


def shape_of(line):
    """A line without what differs from machine to machine."""
    line = re.sub(r"(?:[\d.]+ m?s  |run folder: )runs/\S+", "PLACE", line)
    return re.sub(r"\d\.\d{3}\d", "N", line)
