"""Fills a template; every text is escaped, and the page needs nothing but itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dlrun import __version__
from dlrun.wording import DASH, format_number, percent

if TYPE_CHECKING:
    from dlrun.reports.plots.shelf import Picture

_WIDE = 1088  # CSS pixels between the edges of a page 1200 wide, as the style has it
_GAP = 32  # between two pictures in a row
_CAPTION = 300  # what a caption beside a picture needs
TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """Fill a template with texts that may hold anything, and give the page as HTML."""
    # Not from a cache on the disk: nothing is written but the page.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "percent": percent,
        "prose": prose,
        "breakable": breakable,
        "data_uri": data_uri,
        "in_rows": in_rows,
    }
    return environment.get_template(template).render(version=__version__, **values)


def in_rows(pictures: Sequence[Picture]) -> list[tuple[Picture, bool]]:
    """Tell of each picture whether it stands alone in its row on a wide screen, with room left.

    Its caption stands beside it then.
    """
    rows: list[list[Picture]] = []
    used = 0
    for picture in pictures:
        if rows and used + _GAP + picture.width <= _WIDE:
            rows[-1].append(picture)
            used += _GAP + picture.width
        else:
            rows.append([picture])
            used = picture.width
    return [
        (picture, len(row) == 1 and picture.width <= _WIDE - _CAPTION)
        for row in rows
        for picture in row
    ]


def prose(sentence: str) -> Markup:
    """Keep numbers and their signs on one line, `97.1 %`, and set code as such."""
    for whole in (" %", "p < ", "p = ", " +"):
        sentence = sentence.replace(whole, whole.replace(" ", "\N{NO-BREAK SPACE}"))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704


def breakable(name: str) -> Markup:
    """Let a dotted name or a path be broken after its parts, where it has to be."""
    return Markup(re.sub(r"([._/])(?=\w)", r"\1<wbr>", str(escape(name))))  # noqa: S704


def data_uri(png: bytes) -> str:
    """Write a picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _number(value: float | None) -> str:
    return format_number(value, missing=DASH)
