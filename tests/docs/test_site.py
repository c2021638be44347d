"""The pages become a site without a warning, which needs no network, and can be searched so."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from tests.reports.chromium import PROGRAM, Chromium

pytestmark = pytest.mark.slow
ASKED = "history.replaceState(null, '', '?q=permutation')"
"""What a browser does when the words are typed, before the page looks for them."""
FOUND = "[...document.querySelectorAll('#search-results li a')].map(one => one.href).join(' ')"
_LOADED = re.compile(r"""<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="([^"]+)"[^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build it: warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    words = ["-m", "sphinx", "-W", "--keep-going", "-q", "docs", folder]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built(site):
    """With what is made."""
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()
    layers = (site / "reference" / "words" / "layers.html").read_text()
    assert 'id="conv2d"' in layers
    assert "<!-- made" not in layers


def test_nothing_comes_from_the_network(site):
    """Scripts, styles, images and fonts lie beside the pages."""
    for page in site.rglob("*.html"):
        loaded = _LOADED.findall(page.read_text())
        assert not [one for one in loaded if "//" in one], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text()), style


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium")
def test_it_is_searched_from_the_disk(site):
    """Without a server: a word of one page finds it."""
    page = site / "found.html"
    text = (site / "search.html").read_text()
    page.write_text(text.replace("<head>", f"<head><script>{ASKED}</script>", 1))
    browser = Chromium()
    try:
        browser.open(page)
        until = time.monotonic() + 30
        while "statistics.html" not in browser.tell(FOUND) and time.monotonic() < until:
            time.sleep(0.1)
        assert "statistics.html" in browser.tell(FOUND)
        assert not browser.complaints()
    finally:
        browser.close()
