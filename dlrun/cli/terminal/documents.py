"""Tables for documents: CSV, Markdown as GitHub reads it, LaTeX with the package booktabs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final

from dlrun.cli.options import option
from dlrun.cli.terminal.output import write_csv, write_data
from dlrun.errors import UsageError
from dlrun.wording import printable

_SPECIAL: Final = str.maketrans(
    {
        **{one: f"\\{one}" for one in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "±": r"$\pm$",
        "…": r"\ldots{}",
    }
)

AsCsv = Annotated[bool, option("--csv", "Print a CSV.")]
AsMarkdown = Annotated[bool, option("--markdown", "Print a table in Markdown.")]
AsLatex = Annotated[bool, option("--latex", "Print a table in LaTeX, with booktabs.")]


class Form(StrEnum):
    """How a result is printed that is not for the eye alone."""

    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


def form_of(
    *,
    as_json: bool = False,
    as_csv: bool = False,
    as_markdown: bool = False,
    as_latex: bool = False,
) -> Form | None:
    """Tell which form was asked for; None for the eye.

    Raises:
        UsageError: There are two.
    """
    asked = zip(Form, (as_json, as_csv, as_markdown, as_latex), strict=True)
    forms = [form for form, is_asked in asked if is_asked]
    if len(forms) > 1:
        raise UsageError(
            f"--{forms[0]} and --{forms[1]} are two forms.", fix="Give only one of them."
        )
    return forms[0] if forms else None


def write_document(
    form: Form,
    rows: Iterable[Sequence[str]],
    *,
    numeric: Collection[int] = (),
    best: Collection[tuple[int, int]] = (),
    notes: Iterable[str] = (),
) -> None:
    """Print rows, of which the first holds the headings, to stdout.

    The columns that are `numeric` stand to the right. What is `best`, by row and column from 0
    without the headings, is bold; not in CSV. The `notes`, for a caption, follow the table, in
    LaTeX as comments; a CSV has none.
    """
    heading, *body = [[printable(cell) for cell in row] for row in rows]
    if form is Form.CSV:
        write_csv([heading, *body])
    elif form is Form.MARKDOWN:
        said = [line for note in notes for line in ("", _escaped(printable(note)))]
        write_data("\n".join([*_markdown(heading, body, numeric, best), *said]))
    else:
        said = [f"% {printable(note).translate(_SPECIAL)}" for note in notes]
        write_data("\n".join([*_latex(heading, body, numeric, best), *said]))


def _markdown(
    heading: Sequence[str],
    body: Sequence[Sequence[str]],
    numeric: Collection[int],
    best: Collection[tuple[int, int]],
) -> Iterable[str]:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    yield line(map(_escaped, heading))
    yield f"|{'|'.join('---:' if at in numeric else '---' for at in range(len(heading)))}|"
    for number, row in enumerate(body):
        marked = ["**" if (number, at) in best else "" for at in range(len(row))]
        yield line(f"{mark}{_escaped(cell)}{mark}" for mark, cell in zip(marked, row, strict=True))


def _escaped(text: str) -> str:
    for one in "\\|*_`<":
        text = text.replace(one, f"\\{one}")
    return text


def _latex(
    heading: Sequence[str],
    body: Sequence[Sequence[str]],
    numeric: Collection[int],
    best: Collection[tuple[int, int]],
) -> Iterable[str]:
    def line(cells: Iterable[str]) -> str:
        return f"  {' & '.join(cells)} \\\\"

    columns = "".join("r" if at in numeric else "l" for at in range(len(heading)))
    yield f"\\begin{{tabular}}{{{columns}}}  % \\usepackage{{booktabs}}"
    yield "  \\toprule"
    yield line(text.translate(_SPECIAL) for text in heading)
    yield "  \\midrule"
    for number, row in enumerate(body):
        cells = [text.translate(_SPECIAL) for text in row]
        yield line(
            f"\\textbf{{{text}}}" if (number, at) in best else text for at, text in enumerate(cells)
        )
    yield "  \\bottomrule"
    yield "\\end{tabular}"
