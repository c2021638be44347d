"""The page of `dlrun serve` in a browser: a row is typed, and answered with its explanation."""

from __future__ import annotations

import json
import time

import pytest

from tests.reports.chromium import PROGRAM, Chromium
from tests.shops import daily, train_once

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")
ASK = "[...document.querySelectorAll('button')].at(-1).click()"


@pytest.fixture(scope="module")
def page(iris):
    """A browser that has opened the page of the run over irises."""
    browser = Chromium()
    browser.ask("Page.navigate", url=f"http://127.0.0.1:{iris.port}/")
    wait(browser, "document.querySelectorAll('input').length === 4")
    yield browser
    browser.close()


def wait(browser, condition):
    """Wait until it is true of the page."""
    until = time.monotonic() + 60
    while not browser.tell(condition):
        assert time.monotonic() < until, browser.tell("document.body.innerText")
        time.sleep(0.05)


def fill(browser, *cells):
    """Type a row and ask."""
    for at, cell in enumerate(cells):
        browser.tell(f"document.querySelectorAll('input')[{at}].value = '{cell}'")
    browser.tell("document.getElementById('answer').textContent = ''")
    browser.tell(ASK)
    wait(browser, "document.getElementById('answer').textContent !== ''")
    return browser.tell("document.getElementById('answer').innerText")


def test_a_row_is_answered_and_explained(page, iris):
    """As a program is answered; what the page asks for is asked of its own host alone."""
    told = fill(page, "5.9", "2.7", "4.2", "1.3")
    answer = iris.post("/v1/models/iris:predict", {"instances": [[5.9, 2.7, 4.2, 1.3]]}).json()
    (row,) = answer["predictions"]
    assert row["predicted"] in told
    for name in ("setosa", "versicolor", "virginica"):
        assert f"{name}\t{row[f'probability_{name}']:.4g}"[: len(name) + 5] in told
    wait(page, "!document.getElementById('why').hidden")
    assert "row" in page.tell("document.getElementById('explanation').textContent")
    asked = [one for one in page.complaints() if one.startswith("http")]
    assert {one.split("/")[2] for one in asked} == {f"127.0.0.1:{iris.port}"}
    assert [one for one in page.complaints() if not one.startswith("http")] == []


def test_a_cell_that_is_no_number_is_told(page):
    """In the words of the command line, on the page."""
    told = fill(page, "5.9", "2.7", "much", "1.3")
    assert "That was not understood" in told
    assert "column 'petal_length_cm': 'much' is not a number." in told


@pytest.mark.slow
def test_steps_of_a_series_are_pasted_and_gone_on_with(serve, common):
    """As the table has them, with its decimal comma; a row for each day that follows."""
    client = serve(train_once(common))
    browser = Chromium()
    try:
        browser.ask("Page.navigate", url=f"http://127.0.0.1:{client.port}/")
        wait(browser, "document.querySelectorAll('textarea').length === 1")
        pasted = json.dumps(daily(9))
        browser.tell(f"document.querySelector('textarea').value = {pasted}")
        browser.tell(ASK)
        wait(browser, "document.getElementById('answer').textContent !== ''")
        told = browser.tell("document.getElementById('answer').innerText").splitlines()
        assert told[1].split("\t") == ["Laden", "Tag", "predicted_Umsatz", "predicted_Gäste"]
        assert [line.split("\t")[:2] for line in told[2:]] == [
            [shop, f"{day}.01.2023"] for shop in ("Nord", "Süd") for day in (10, 11, 12)
        ]
        wait(browser, "!document.getElementById('why').hidden")
    finally:
        browser.close()
