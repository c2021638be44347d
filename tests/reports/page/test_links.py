"""Pages lead to each other: relative, escaped, and only where something is."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from dlrun.reports.page.links import (
    NO_LINKS,
    link,
    links_of_comparison,
    links_of_run,
    links_of_sweep,
)


@pytest.fixture
def home(tmp_path):
    """A folder with an odd name that holds two runs with reports, and one without."""
    found = tmp_path / "a folder: ünï#1?"
    for name in ("one", "two", "three"):
        (found / name).mkdir(parents=True)
    for name in ("one", "two"):
        (found / name / "report.html").write_text("")
    return found


def followed(page, address):
    """The file to which an address leads from a page."""
    assert address.startswith(("./", "../"))
    assert not set(address) & set(" #?:\"'<>")
    return (page.parent / unquote(address)).resolve()


def test_an_address_is_relative_and_escaped(home):
    """From whatever folder, also where a name looks like a scheme."""
    inside = home / "one" / "report.html"
    for page in (
        home / "page.html",
        home.parent / "page.html",
        home / "two" / "deep" / "page.html",
    ):
        assert followed(page, link(page, inside)) == inside
    odd = home / "javascript:alert(1)" / "report.html"
    assert followed(home / "page.html", link(home / "page.html", odd)) == odd


def test_a_run_leads_to_its_sweep_and_its_comparison(home):
    """A comparison counts only where it names the run."""
    page = home / "one" / "report.html"
    assert links_of_run(home / "one", page) == {}
    (home / "sweep.json").write_text("{}")
    (home / "comparison.html").write_text("<p>two and three")
    found = links_of_run(home / "one", page)
    assert [*found] == [f"the sweep {home.name}"]
    assert followed(page, found[f"the sweep {home.name}"]) == home / "sweep.html"
    (home / "comparison.html").write_text("<p>one and three")
    found = links_of_run(home / "one", page)
    assert followed(page, found["a comparison with other runs"]) == home / "comparison.html"


def test_comparison_and_sweep_lead_to_the_reports_that_are_there(home):
    """The third run has none."""
    runs = [home / name for name in ("one", "two", "three")]
    for links_of in (links_of_comparison, links_of_sweep):
        page = home / "sweep.html"
        found = links_of(runs, page)
        assert [*found.reports] == ["one", "two"]
        assert followed(page, found.reports["two"]) == home / "two" / "report.html"
        assert found.others == NO_LINKS.others
    (home / "sweep.html").write_text("")
    elsewhere = home.parent / "comparison.html"
    others = links_of_comparison(runs, elsewhere).others
    assert followed(elsewhere, others[f"the sweep {home.name}"]) == home / "sweep.html"
    assert links_of_comparison([*runs, home.parent / "four"], elsewhere).others == {}
    (home / "comparison.html").write_text("")
    assert [*links_of_sweep(runs, home / "sweep.html").others] == ["a comparison of its runs"]
