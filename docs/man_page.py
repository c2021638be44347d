"""Writes the man page `dlrun.1` of the commands themselves: `python docs/man_page.py`.

The source of the format is groff_man(7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from reference import name_of, options, usage, walk

from dlrun import __version__
from dlrun.cli.app import VARIABLES, app
from dlrun.cli.examples import EXAMPLES
from dlrun.errors import EXIT_CODES

PAGE = Path(__file__).with_name("dlrun.1")
SUMMARY = "deep-learning experiments that are written down, not programmed"

SEE_ALSO = "README.md, and the pages of docs/, of which `sphinx-build docs site` makes a site."


def man_page() -> str:
    """The whole page, in roff."""
    parts = [
        f'.TH DLRUN 1 "" "dlrun {__version__}" "User Commands"',
        f".SH NAME\ndlrun \\- {SUMMARY}",
        ".SH SYNOPSIS\n.B dlrun\n\\fICOMMAND\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]",
        f".SH DESCRIPTION\n{_paragraphs(str(app.info.help))}",
        ".SH COMMANDS",
    ]
    for context, command in walk():
        parts.append(f".SS {_text(usage(context, command))}\n{_paragraphs(command.help or '')}")
        parts.append(_terms(options(context, command)))
        if examples := "\n".join(EXAMPLES.get(name_of(context), ())):
            parts.append(f".PP\n.nf\n.RS\n{_text(examples, keep=True)}\n.RE\n.fi")
    parts += [
        f".SH EXIT STATUS\n{_terms(EXIT_CODES.items())}",
        f".SH ENVIRONMENT\n{_terms(VARIABLES.items())}",
        ".SH FILES\n" + _terms(FILES),
        f'.SH "SEE ALSO"\n{_text(SEE_ALSO)}',
    ]
    return "\n".join(filter(None, parts)) + "\n"


FILES = (
    ("runs/", "The run folders, unless --runs-dir or DLRUN_RUNS_DIR names another folder."),
    ("~/.local/state/dlrun/", "The key that tells your own runs from those of others."),
    ("~/.cache/dlrun/", "What was read of Keras's source; it may be removed at any time."),
)


def _terms(entries: Iterable[tuple[str, str]]) -> str:
    """Terms in bold, and what is said of each."""
    return "\n".join(f".TP\n.B {_text(term)}\n{_text(said)}" for term, said in entries)


def _paragraphs(text: str) -> str:
    """Text in paragraphs; what stands in columns stays so."""
    told = []
    for part in text.split("\n\n"):
        drawn = re.search(r"\S {2,}\S", part)
        told.append(f".nf\n{_text(part, keep=True)}\n.fi" if drawn else _text(part))
    return "\n.PP\n".join(told)


def _text(text: str, *, keep: bool = False) -> str:
    """Let signs of roff stand for themselves; a hyphen is one that can be copied."""
    plain = text if keep else " ".join(text.split())
    plain = plain.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^(?=[.'])", r"\\&", plain.replace("`", ""), flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(man_page(), encoding="utf-8")
