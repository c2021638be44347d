"""The page about errors shows the messages that are printed, each under its exit code."""

from __future__ import annotations

import re

import pytest

from dlrun.errors import EXIT_CODES
from tests.docs.pages import blocks, text_of

PAGE = "docs/troubleshooting.md"
_RUN = re.compile(r"\d{8}-\d{6}_flowers_[a-z2-7]{4}")


def test_every_exit_code_has_its_part():
    """But 0, which is no trouble."""
    parts = re.findall(r"^## (\d+)", text_of(PAGE), re.MULTILINE)
    assert parts == [code.partition(",")[0] for code in EXIT_CODES if code != "0"]


def test_twenty_errors_are_numbered():
    """Without a hole."""
    numbers = re.findall(r"\*\*(\d+)\. ", text_of(PAGE))
    assert numbers == [str(number) for number in range(1, 21)]


@pytest.mark.slow
def test_every_message_is_what_is_printed(workplace, in_shell):
    """All commands of the page, in its order; folders and names of runs apart."""
    (config,) = blocks(PAGE, "yaml")
    (workplace / config.file).write_text(config.text)
    lines = text_of(PAGE).splitlines()
    for block in blocks(PAGE, "console"):
        code = max(
            (number, int(found[1]))
            for number, line in enumerate(lines[: block.line])
            if (found := re.match(r"## (\d+)", line))
        )[1]
        *before, (command, told) = typed(block.text)
        for one, _ in before:
            assert in_shell(one, workplace).returncode == 0, one
        done = in_shell(command, workplace)
        assert done.returncode == code, (block.place, done.stderr)
        assert plain(done.stderr, workplace) == told, block.place


def typed(text):
    """The commands of a transcript, each with the lines that it prints."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.splitlines()[0], part.splitlines()[1:]) for part in parts]


def plain(text, folder):
    """The lines of a message without what differs from time to time."""
    here = _RUN.sub("RUN", text.replace(f"{folder.resolve()}/", "").replace(f"{folder}/", ""))
    return [line for line in here.splitlines() if not line.endswith(" ...")]
