"""The board in a browser: curves that grow, runs over each other, keys, and a stranger's page."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
import uvicorn

from dlrun.rundir.folder import create_run
from dlrun.rundir.notes import add_labels
from dlrun.rundir.record import recording
from dlrun.serving.board.app import Keys, build_board
from dlrun.serving.board.index import RunIndex
from dlrun.serving.door import address_of, listening_at
from tests.cli.stored import store
from tests.reports.chromium import PROGRAM, Chromium

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")
HOSTILE = "<img src=x onerror=document.title='taken'>"
WITHIN = """
(() => {
  const right = document.getElementById('list').getBoundingClientRect().right;
  return [...document.querySelectorAll('#list *')].filter(
    one => one.getBoundingClientRect().right > right + 1).map(one => one.outerHTML.slice(0, 80));
})()
"""
"""What of the list stands over its edge, and so over what is shown beside it."""
SCRIPT = "<script>parent.document.title = document.title = 'taken'</script>"


@contextlib.contextmanager
def served(runs_dir):
    """Serve the board of a folder at a port of its own; gives its address and its keys."""
    keys = Keys()
    with listening_at("127.0.0.1", 0) as door:
        app = build_board(RunIndex(runs_dir), keys)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        yield address_of("127.0.0.1", door), keys
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs, of which one has a hostile report, one hostile words, and one is of a sweep."""
    folder = tmp_path_factory.mktemp("board") / "runs"
    poor = store(folder, "poor", accuracy=0.6, history="epoch,loss,val_loss\n1,3,4\n2,2,3\n")
    poor.write_text("report.html", f"<h1>{SCRIPT}The report</h1>{HOSTILE}")
    good = store(folder, "good", "optimizer.learning_rate=0.1", accuracy=0.95)
    (good.path / "notes.json").write_text(f'{{"labels": ["{HOSTILE}"], "note": "{HOSTILE}"}}')
    store(folder / "rates", "inside")
    (folder / "rates" / "sweep.json").write_text('{"points": [{}, {}]}')
    return folder


@pytest.fixture(scope="module")
def page(folder):
    """A browser that has opened the board by an address that opens once."""
    browser = Chromium()
    with served(folder) as (address, keys):
        browser.address = address
        browser.ask("Page.navigate", url=f"{address}#{keys.once()}")
        wait(browser, "document.querySelectorAll('#runs tbody tr').length === 3")
        yield browser
        browser.close()


def wait(browser, condition):
    """Wait until it is true of the page."""
    until = time.monotonic() + 60
    while not browser.tell(f"Boolean({condition})"):
        assert time.monotonic() < until, browser.tell("document.body.innerText")
        time.sleep(0.05)


def press(browser, key):
    """Press a key, and let it go."""
    for kind in ("keyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key=key)


def go(browser, words):
    """Show what an address says, from the beginning."""
    for address in ("about:blank", f"{browser.address}{words}"):  # else it is the same page
        browser.ask("Page.navigate", url=address)
    wait(browser, "document.querySelector('main')?.hidden === false")


def first(browser):
    """The name of the first run of the list."""
    return browser.tell("document.querySelector('#runs tbody bdi').textContent")[:-5]


def test_the_key_goes_out_of_the_address(page):
    """And nothing that is asked for bears it; all is of this host."""
    assert page.tell("location.href") == page.address
    asked = {one for one in page.complaints() if one.startswith("http")}
    assert all(one.startswith(page.address) and "#" not in one for one in asked)
    assert [one for one in page.complaints() if not one.startswith("http")] == []


@pytest.mark.slow
def test_without_a_key_it_asks_for_one(folder):
    """And takes the whole address as it was printed."""
    browser = Chromium()
    with served(folder) as (address, keys):
        browser.ask("Page.navigate", url=address)
        wait(browser, "document.getElementById('door')?.hidden === false")
        for typed, is_right in (("wrong", False), (f"{address}#{keys.lasting}", True)):
            browser.tell(f"document.getElementById('key').value = {typed!r}")
            browser.tell("document.querySelector('#door button').click()")
            shown = "!document.querySelector('main').hidden" if is_right else (
                "document.getElementById('state').textContent.includes('opens nothing')"
            )  # fmt: skip
            wait(browser, shown)
        browser.close()


def test_conditions_and_sorting(page):
    """In the language of `dlrun runs`; the address keeps them, and a mistake is told."""
    go(page, "#where=test.accuracy<0.99&sort=test.accuracy&columns=optimizer.learning_rate&sweep=-")
    wait(page, "document.querySelectorAll('#runs tbody tr').length === 2")
    assert first(page) == "good"
    assert page.tell("document.querySelector('#runs td.more').textContent") == "0.1"
    page.tell("[...document.querySelectorAll('#runs th button')].at(-1).click()")
    wait(page, "location.hash.includes('sort=optimizer')")
    page.tell("document.getElementById('where').value = 'test.acuracy>1'")
    page.tell("document.getElementById('filter').requestSubmit()")
    wait(page, "!document.getElementById('problem').hidden")
    assert "Did you mean" in page.tell("document.getElementById('problem').textContent")


def test_keys(page):
    """A run is found, chosen, shown and closed without a pointer."""
    go(page, "#sort=name&sweep=-")
    wait(page, "document.querySelectorAll('#runs tbody tr').length === 2")
    press(page, "j")
    press(page, "x")
    wait(page, "document.querySelector('#side h2')?.textContent === '1 chosen'")
    press(page, "Escape")
    wait(page, "document.getElementById('side').hidden")
    press(page, "/")
    assert page.tell("document.activeElement.id") == "where"
    press(page, "Escape")
    press(page, "?")
    assert page.tell("document.getElementById('help').open")
    page.tell("document.querySelector('#help button').click()")


def test_chosen_runs_over_each_other(page, folder):
    """A chart for each quantity, and what differs beside what came of it."""
    names = [next(folder.glob(f"*_{name}_*")).name for name in ("poor", "good")]
    go(page, "#" + "&".join(f"chosen={one}" for one in names))
    wait(page, "document.querySelectorAll('#side table:not(.u-legend)').length === 2")
    assert page.tell("document.querySelectorAll('#side canvas').length") == 1
    told = page.tell("document.querySelector('.curve').getAttribute('aria-label')")
    assert f"{names[0][16:]} val_loss 3.0000," in told
    assert f"{names[1][16:]} loss 0.2500" in told
    # A quantity that only one of them has keeps that run's name and colour.
    run = folder / names[1] / "history.csv"
    before = run.read_text()
    run.write_text("epoch,loss,accuracy\n1,0.5,0.8\n2,0.25,0.9\n")
    go(page, "#" + "&".join(f"chosen={one}" for one in names))
    wait(page, "document.querySelectorAll('#side canvas').length === 2")
    labels = (
        "[...document.querySelectorAll('.curve:nth-child(2) .u-label')].map((one) => one.innerText)"
    )
    assert page.tell(labels) == ["epoch", f"{names[1][16:]} train"]
    run.write_text(before)
    tables = page.tell(
        "[...document.querySelectorAll('#side table:not(.u-legend)')].map((one) => one.innerText)"
    )
    assert "optimizer.learning_rate\t0.001\t0.1" in tables[0]
    assert "test.accuracy\t0.6000\t0.9500" in tables[1]


@pytest.mark.slow
def test_curves_grow_while_a_run_is_trained(page, folder):
    """Its epochs are counted, its curves get longer, and its end is told, without a hand."""
    run = create_run(folder, "long")
    with recording(run, {"config": {"training.epochs": 40}}):
        run.write_text("history.csv", "epoch,loss\n1,5\n")
        go(page, f"#run={run.name}")
        told = "document.querySelector('.curve')?.getAttribute('aria-label')"
        wait(page, f"{told}?.endsWith('loss 5.0000')")
        for epoch in (2, 3):
            rows = "".join(f"{one},{8 - one}\n" for one in range(1, epoch + 1))
            run.write_text("history.csv", f"epoch,loss\n{rows}")
            wait(page, f"{told}.endsWith('loss {8 - epoch}.0000')")
        wait(page, "document.querySelector('#runs tbody').innerText.includes('epoch 3/40')")
        wait(page, "document.getElementById('state').textContent.includes('live')")
        add_labels(run.path, ["from elsewhere"])
        wait(page, "document.querySelector('#side .label')?.innerText.includes('from elsewhere')")
    wait(page, "document.querySelector('#side .status').textContent === 'finished'")


def test_words_are_written(page, folder):
    """Labels and the note go into the run folder; what is refused is told beside it."""
    (poor,) = folder.glob("*_poor_*")
    go(page, f"#run={poor.name}")
    wait(page, "document.getElementById('note')")
    page.tell("document.getElementById('label').value = 'a, b'")
    page.tell("document.getElementById('label').form.requestSubmit()")
    wait(page, "document.querySelector('#side').innerText.includes('cannot hold a comma')")
    page.tell("document.getElementById('label').value = 'slow'")
    page.tell("document.getElementById('label').form.requestSubmit()")
    page.tell("document.getElementById('note').value = 'again\\nwith less'")
    page.tell("document.getElementById('note').form.requestSubmit()")
    wait(page, "document.querySelector('#runs tbody').innerText.includes('again')")
    assert (poor / "notes.json").read_text() == (
        '{\n  "labels": ["slow"],\n  "note": "again\\nwith less"\n}\n'
    )


@pytest.mark.slow
def test_a_strangers_words_and_page_do_nothing(page, folder):
    """Texts stay texts; a report is shown, and its scripts do not run, wherever it is opened."""
    names = [next(folder.glob(f"*_{name}_*")).name for name in ("good", "poor")]
    page.events.clear()
    go(page, f"#run={names[0]}")
    wait(page, "document.querySelector('#side .label')")
    assert HOSTILE in page.tell("document.querySelector('#side .label').textContent")
    go(page, f"#run={names[1]}")
    wait(page, "document.querySelector('#side summary a')")
    report = page.tell("document.querySelector('#side summary a').href")
    page.tell("document.querySelector('#side details').open = true")
    wait(page, "document.querySelector('iframe')")
    time.sleep(0.3)
    assert page.tell("document.title") == "dlrun board"
    assert page.tell("document.querySelector('iframe').contentDocument") is None
    page.ask("Page.navigate", url=report)
    wait(page, "document.readyState === 'complete' && document.body")
    assert page.tell("document.body.innerText").strip() == "The report"
    assert page.tell("document.title") != "taken"
    assert page.tell("origin") == "null"
    page.ask("Page.navigate", url=page.address)
    wait(page, "document.querySelectorAll('#runs tbody tr').length >= 3")


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_wider_than_the_screen(page, folder, width):
    """On a telephone and on a desk, in the list and beside it."""
    names = [one.name for one in sorted(folder.glob("2*"))]
    page.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=width < 500,
    )  # fmt: skip
    for words in ("#where=", f"#run={names[0]}", f"#chosen={names[0]}&chosen={names[1]}"):
        go(page, words)
        wait(page, "document.querySelectorAll('#runs tbody tr').length >= 3")
        if words != "#where=":
            wait(page, "document.querySelector('#side canvas')")
        assert page.tell("document.documentElement.scrollWidth") <= width
        assert page.tell(WITHIN) == []
        is_alone = page.tell("getComputedStyle(document.getElementById('list')).display") == "none"
        assert is_alone == (width == 400 and words != "#where=")
