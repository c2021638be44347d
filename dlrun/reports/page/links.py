"""Links between the pages of runs, sweeps and comparisons: relative, and only to what is there.

A folder of runs can be moved or served whole. A page that will be there, since a sweep writes its
page when its runs are done, counts as one that is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from dlrun.rundir.files import read_text
from dlrun.rundir.names import COMPARISON, REPORT, SWEEP, SWEEP_PAGE

_MOST_BYTES = 2**26  # of a comparison that is looked through for the name of a run


@dataclass(frozen=True)
class Links:
    """Where a page that speaks of several runs leads."""

    reports: Mapping[str, str] = field(default_factory=dict)  # by the name of a run's folder
    others: Mapping[str, str] = field(default_factory=dict)  # by what they are


NO_LINKS = Links()


def link(page: Path, target: Path) -> str:
    """Give the address of a file as a page has it: relative, escaped, never one with a scheme."""
    relative = os.path.relpath(target, page.parent)
    address = quote(Path(relative).as_posix())
    return address if address.startswith("../") else f"./{address}"


def links_of_run(run: Path, page: Path) -> dict[str, str]:
    """Find the pages that speak of a run: that of its sweep, and the comparison beside it."""
    home, page, found = run.absolute().parent, page.absolute(), {}
    if (home / SWEEP).is_file():
        found[f"the sweep {home.name}"] = link(page, home / SWEEP_PAGE)
    if _names(home / COMPARISON, run.name):
        found["a comparison with other runs"] = link(page, home / COMPARISON)
    return found


def links_of_comparison(runs: Iterable[Path], page: Path) -> Links:
    """Find the reports of runs, and the page of the sweep to which all of them belong."""
    places, page = [run.absolute() for run in runs], page.absolute()
    homes = {run.parent for run in places}
    home = next(iter(homes)) if len(homes) == 1 else None
    sweep = home is not None and (home / SWEEP_PAGE).is_file()
    others = {f"the sweep {home.name}": link(page, home / SWEEP_PAGE)} if home and sweep else {}
    return Links(_reports(places, page), others)


def links_of_sweep(runs: Iterable[Path], page: Path) -> Links:
    """Find the reports of the runs of a sweep, and the page that compares some of them."""
    page = page.absolute()
    target = page.with_name(COMPARISON)
    others = {"a comparison of its runs": link(page, target)} if target.is_file() else {}
    return Links(_reports([run.absolute() for run in runs], page), others)


def _reports(runs: Iterable[Path], page: Path) -> dict[str, str]:
    return {run.name: link(page, run / REPORT) for run in runs if (run / REPORT).is_file()}


def _names(page: Path, name: str) -> bool:
    """Whether a comparison is there and speaks of a run."""
    try:
        return page.is_file() and name in read_text(page, _MOST_BYTES)
    except Exception:  # noqa: BLE001 - whatever stands there: then there is no link
        return False
