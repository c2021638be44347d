"""Fills a template; every text is escaped, and the page needs nothing but itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dlrun import __version__
from dlrun.wording import DASH, format_number, percent

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
    environment.filters |= {"number": _number, "percent": percent, "data_uri": data_uri}
    return environment.get_template(template).render(version=__version__, **values)


def data_uri(png: bytes) -> str:
    """Write a picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _number(value: float | None) -> str:
    return format_number(value, missing=DASH)
